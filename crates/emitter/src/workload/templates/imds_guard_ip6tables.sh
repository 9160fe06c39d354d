if [ -e /proc/net/if_inet6 ]; then
@rules@
else
  echo 'this node has no IPv6: nothing to guard there' >&2
fi
