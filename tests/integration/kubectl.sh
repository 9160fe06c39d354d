#!/bin/sh
# A kubectl for tests: it answers each call from a file, and keeps what it was called with.
#
# Copy it into a directory of its own, as `kubectl` where it has to be found on PATH. Beside it lie:
#   answers/NAME         what a call answers. NAME are its arguments, every character but letters, digits and `.=-`
#                        as `_`, without --request-timeout: `get --raw /openid/v1/jwks` is get_--raw__openid_v1_jwks
#   answers/NAME.error   what it complains of instead, with exit code 1
#   answers/NAME.hang    it never answers
#   calls                it writes: every call so far, one a line
#   stdin                it writes: what the last call with `-f -` was given
# A call without a file finds nothing, as kubectl says it.
set -eu

here=$(dirname "$0")
call=
for argument; do
    case $argument in
    --request-timeout=*) ;;
    *) call="$call${call:+ }$argument" ;;
    esac
done
printf '%s\n' "$*" >>"$here/calls"
case "$call " in
*" -f - ") cat >"$here/stdin" ;;
esac

answer=$here/answers/$(printf %s "$call" | tr -c 'A-Za-z0-9.=-' _)
if [ -e "$answer.hang" ]; then
    exec sleep 600
elif [ -e "$answer.error" ]; then
    cat "$answer.error" >&2
    exit 1
elif [ -e "$answer" ]; then
    cat "$answer"
else
    printf 'Error from server (NotFound): no answer to: %s\n' "$call" >&2
    exit 1
fi
