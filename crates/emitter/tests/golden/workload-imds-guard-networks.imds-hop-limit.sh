#!/bin/sh
# Keeps pods from the role of their node: IMDSv2 alone, whose answer does not survive the hop from node to pod.
#
#   sh imds-hop-limit.sh ID...     i-... an instance; lt-... a launch template, whose default version is renewed
#
# Uses the aws CLI with your credentials and region. Safe to run twice: what is so already stays.
# An instance is changed where it runs; a launch template counts for the instances that are started from it later, and
# a group that names a version by its number has to be pointed to the new one.
#
# What this does not cover:
# - Pods with hostNetwork: true, which are the node as far as the network goes.
# - Network plugins that hand packets on without routing them (macvlan, ipvlan in L2 mode, some eBPF modes): nothing is
#   counted down there. imds-guard.networkpolicy.yaml may help, where the plugin enforces it.
# - 169.254.170.2 and 169.254.170.23, the endpoints of ECS and of EKS Pod Identity: other addresses, left as they are.
# - Pods of your own that read the instance metadata (the region, say) lose it: name the region in their environment.
set -eu

if [ "$#" -eq 0 ]; then
  echo 'usage: sh imds-hop-limit.sh i-ID... lt-ID...' >&2
  exit 2
fi
for id in "$@"; do
  case $id in
    i-* | lt-*) ;;
    *)
      printf '%s is neither an instance (i-...) nor a launch template (lt-...); nothing was changed.\n' "$id" >&2
      exit 2
      ;;
  esac
done

instance() {
  aws ec2 modify-instance-metadata-options --instance-id "$1" \
    --http-tokens required --http-put-response-hop-limit 1 >/dev/null
  printf '%s: tokens required, hop limit 1\n' "$1"
}

# version_of ID WHICH: number, tokens, hop limit and description of one version, tab-separated.
version_of() {
  aws ec2 describe-launch-template-versions --launch-template-id "$1" --versions "$2" --output text \
    --query 'LaunchTemplateVersions[0].[VersionNumber,LaunchTemplateData.MetadataOptions.HttpTokens,LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit,VersionDescription]'
}

# others ID VERSION: the metadata options that are none of ours, as members of JSON: what is given replaces them all.
others() {
  for option in HttpEndpoint HttpProtocolIpv6 InstanceMetadataTags; do
    value=$(aws ec2 describe-launch-template-versions --launch-template-id "$1" --versions "$2" --output text \
      --query "LaunchTemplateVersions[0].LaunchTemplateData.MetadataOptions.$option") || return
    [ "$value" = None ] || printf ',"%s":"%s"' "$option" "$value"
  done
}

tab=$(printf '\t')

template() {
  # shellcheck disable=SC2016 # $Default is AWS's own word
  default=$(version_of "$1" '$Default')
  # shellcheck disable=SC2016 # and $Latest
  latest=$(version_of "$1" '$Latest')
  number=${default%%"$tab"*}
  case $default in
    "$number${tab}required${tab}1$tab"*)
      printf '%s: version %s, the default, has it already\n' "$1" "$number"
      return
      ;;
  esac
  case $latest in
    # A run that was interrupted here has left its version behind.
    *"${tab}required${tab}1${tab}issuerctl imds-guard, from version $number") made=${latest%%"$tab"*} ;;
    "$number$tab"*)
      kept=$(others "$1" "$number")
      made=$(aws ec2 create-launch-template-version --launch-template-id "$1" --source-version "$number" \
        --version-description "issuerctl imds-guard, from version $number" \
        --launch-template-data \
        "{\"MetadataOptions\":{\"HttpTokens\":\"required\",\"HttpPutResponseHopLimit\":1$kept}}" \
        --query LaunchTemplateVersion.VersionNumber --output text)
      ;;
    *)
      printf '%s: its default version is %s and its latest %s: make the one that you want the default first; it was not changed.\n' \
        "$1" "$number" "${latest%%"$tab"*}" >&2
      return 1
      ;;
  esac
  aws ec2 modify-launch-template --launch-template-id "$1" --default-version "$made" >/dev/null
  printf '%s: version %s, the default now: tokens required, hop limit 1\n' "$1" "$made"
}

for id in "$@"; do
  case $id in
    i-*) instance "$id" ;;
    *) template "$id" ;;
  esac
done
