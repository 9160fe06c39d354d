#!/usr/bin/env bash
# The whole job once on a real AWS account, and everything it made taken away again.
#
#   ISSUERCTL_SMOKE_AWS=yes AWS_REGION=eu-central-1 scripts/smoke-aws.sh
#   AWS_REGION=eu-central-1 scripts/smoke-aws.sh --dry-run            says what it would do, and calls nothing
#
# It makes one bucket with a random name, two objects in it and one IAM OpenID Connect provider; it costs less than a
# cent. It needs the AWS CLI (the one in .venv, or on PATH), curl, credentials of a test account, and the permissions
# of the README and s3:GetBucketPolicyStatus, s3:ListBucketVersions, s3:DeleteObject, s3:DeleteObjectVersion,
# s3:DeleteBucket and iam:DeleteOpenIDConnectProvider.
#
#   --account-regional        a bucket name that only this account can take (NAME-ACCOUNT-REGION-an)
#   ISSUERCTL_SMOKE_BINARY    the program; without it the debug build is made and used
#
# It ends by itself after 10 minutes and 60 AWS CLI calls at most; cleaning up has a bound of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# 3 and 4: where the clean-up talks to, wherever a signal finds the rest.
exec </dev/null 3>&1 4>&2

readonly max_calls=60 max_seconds=600
dry=no
account_regional=no
for argument in "$@"; do
  case $argument in
    --dry-run) dry=yes ;;
    --account-regional) account_regional=yes ;;
    *)
      echo "usage: ISSUERCTL_SMOKE_AWS=yes AWS_REGION=REGION scripts/smoke-aws.sh [--dry-run] [--account-regional]" >&2
      exit 2
      ;;
  esac
done

region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
if [[ -z $region ]]; then
  echo 'name the region: AWS_REGION' >&2
  exit 2
fi
if [[ $dry == no && ${ISSUERCTL_SMOKE_AWS:-} != yes ]]; then
  echo 'this makes a public bucket and an IAM provider in a real account; say ISSUERCTL_SMOKE_AWS=yes, or --dry-run' >&2
  exit 2
fi
export AWS_REGION=$region AWS_DEFAULT_REGION=$region AWS_PAGER=''

random=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
bucket=issuerctl-smoke-$random

if [[ $dry == yes ]]; then
  [[ $account_regional == no ]] || bucket=$bucket-ACCOUNT-$region-an
  cat <<TEXT
would do, in $region and in the account of these credentials:
  aws sts get-caller-identity
  aws s3api head-bucket --bucket $bucket                    has to be missing
  issuerctl bootstrap --bucket $bucket --yes                keys in a temporary directory
  issuerctl bootstrap --bucket $bucket --check              has to find no drift
  issuerctl bootstrap --bucket $bucket --yes                has to make no change
  aws iam get-open-id-connect-provider                      URL and audience have to be right
  aws s3api get-bucket-policy-status                        the two objects are public by policy
  curl both documents without credentials                   the JWKS has to be ours, byte for byte
and at the end, whatever happened:
  aws iam delete-open-id-connect-provider
  aws s3api delete-object for every version, then delete-bucket
  the temporary directory with the key is removed
TEXT
  exit 0
fi

unset ISSUERCTL_SMOKE_AWS
aws_cli=.venv/bin/aws
[[ -x $aws_cli ]] || aws_cli=$(command -v aws) || { echo 'the AWS CLI is not installed' >&2; exit 2; }
command -v curl >/dev/null || { echo 'curl is not installed' >&2; exit 2; }
program=${ISSUERCTL_SMOKE_BINARY:-}
unset ISSUERCTL_SMOKE_BINARY
if [[ -z $program ]]; then
  cargo build --locked -p issuerctl
  program=${CARGO_TARGET_DIR:-target}/debug/issuerctl
fi

directory=$(mktemp -d)
chmod 700 "$directory"
# Set before anything is made: the clean-up takes away what these name, and is told only of what this run may have made.
made_bucket='' made_provider='' owner=''

# One character a call; a file, because many calls are made in subshells.
calls() { wc -c <"$directory/calls"; }

# aws ARGUMENT...: one bounded call of the AWS CLI.
aws() {
  printf . >>"$directory/calls"
  if (($(calls) > max_calls || SECONDS > max_seconds)); then
    echo "stopped: $(calls) calls, $SECONDS s" >&2
    return 1
  fi
  timeout --kill-after=5 60 "$aws_cli" --cli-connect-timeout 10 --cli-read-timeout 30 "$@"
}

left=no
left_over() {
  left=yes
  echo "LEFT OVER, remove it by hand: $1" >&2
}

clean_up() {
  local code=$? listed key version
  trap - EXIT
  # Nothing stops this part: each call in it is bounded.
  trap '' HUP INT TERM
  set +e
  exec >&3 2>&4
  # A bound of its own: what was made has to go, also when the run itself used up its own.
  : >"$directory/calls"
  SECONDS=0
  echo "==> cleaning up"
  # First the trust, then the documents, last the name: a released name can be taken by anyone.
  if [[ -n $made_provider ]]; then
    aws iam delete-open-id-connect-provider --open-id-connect-provider-arn "$made_provider" ||
      left_over "$made_provider"
  fi
  if [[ -n $made_bucket && $left == yes ]]; then
    left_over "bucket $made_bucket (kept: without the provider gone its name must not be released)"
  elif [[ -n $made_bucket ]] && ! head_bucket; then
    # Never made, or nobody can say.
    grep -qE '404|Not Found' "$directory/head" || left_over "bucket $made_bucket (perhaps; it cannot be looked at)"
  elif [[ -n $made_bucket ]]; then
    listed=$(aws s3api list-object-versions --bucket "$made_bucket" --expected-bucket-owner "$owner" \
      --max-items 20 --output text --query '[Versions,DeleteMarkers][][].[Key,VersionId]')
    while read -r key version; do
      [[ -n $version && $key != None ]] || continue
      aws s3api delete-object --bucket "$made_bucket" --expected-bucket-owner "$owner" \
        --key "$key" --version-id "$version" >/dev/null || left_over "s3://$made_bucket/$key version $version"
    done <<<"$listed"
    aws s3api delete-bucket --bucket "$made_bucket" --expected-bucket-owner "$owner" || left_over "bucket $made_bucket"
  fi
  rm -rf "$directory"
  if [[ $left == no ]]; then
    echo 'nothing is left'
  elif [[ $code -eq 0 ]]; then
    code=1
  fi
  exit "$code"
}

# Succeeds where the bucket is there and of our account.
head_bucket() {
  aws s3api head-bucket --bucket "$bucket" --expected-bucket-owner "$owner" >/dev/null 2>"$directory/head"
}

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

issuerctl() {
  ((SECONDS <= max_seconds)) || fail "more than $max_seconds s"
  timeout --kill-after=5 240 "$program" --keys "$directory/keys" --region "$region" "$@"
}

# AWS_CA_BUNDLE is what the AWS CLI trusts; curl has a flag for it.
public() {
  curl --fail --silent --show-error --max-time 10 --max-filesize 100000 --proto '=https' \
    ${AWS_CA_BUNDLE:+--cacert "$AWS_CA_BUNDLE"} "$@"
}

trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

echo '==> whose account'
read -r owner caller < <(aws sts get-caller-identity --output text --query '[Account,Arn]')
[[ $owner =~ ^[0-9]{12}$ ]] || fail 'the credentials do not work'
partition=${caller#arn:}
partition=${partition%%:*}
[[ $account_regional == no ]] || bucket=$bucket-$owner-$region-an
echo "account $owner, partition $partition, region $region, bucket $bucket"
if head_bucket || ! grep -qE '404|Not Found' "$directory/head"; then
  cat "$directory/head" >&2
  fail "the bucket $bucket is there already, or cannot be looked at"
fi

echo '==> first run'
made_bucket=$bucket
issuerctl bootstrap --bucket "$bucket" --dry-run >"$directory/plan"
issuer=$(sed -n 's/^plan for //p' "$directory/plan")
[[ $issuer == https://* ]] || fail 'the plan names no issuer'
made_provider=arn:$partition:iam::$owner:oidc-provider/${issuer#https://}
issuerctl --output json bootstrap --bucket "$bucket" --yes >"$directory/first.json"
issuerctl jwks >"$directory/jwks"

echo '==> second run'
# IAM shows a new provider everywhere only after some seconds.
for try in 1 2 3 4; do
  if issuerctl bootstrap --bucket "$bucket" --check; then break; fi
  ((try < 4)) || fail 'the second run finds drift'
  sleep 5
done
issuerctl bootstrap --bucket "$bucket" --yes >/dev/null 2>"$directory/second"
cat "$directory/second" >&2
grep -q '^no changes$' "$directory/second" || fail 'the second run changed something'

echo '==> as others see it'
read -r url audience < <(aws iam get-open-id-connect-provider --open-id-connect-provider-arn "$made_provider" \
  --output text --query '[Url,ClientIDList[0]]')
[[ https://$url == "$issuer" ]] || fail "IAM has the URL $url"
[[ $audience == sts.amazonaws.com ]] || fail "IAM has the audience $audience"
[[ $(aws s3api get-bucket-policy-status --bucket "$bucket" --expected-bucket-owner "$owner" \
  --output text --query PolicyStatus.IsPublic) == True ]] || fail 'S3 does not call the policy public'
public "$issuer/.well-known/openid-configuration" >"$directory/discovery"
grep -qF "{\"issuer\":\"$issuer\"," "$directory/discovery" || fail 'the discovery document names another issuer'
public "$issuer/openid/v1/jwks" | cmp - "$directory/jwks" || fail 'the JWKS differs'
if public "$issuer/" >/dev/null 2>&1; then fail 'the bucket can be listed by everyone'; fi

echo "all of it holds: $(calls) AWS CLI calls, $SECONDS s"
