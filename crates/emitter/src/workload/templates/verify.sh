# Says who this pod is to AWS, and whether that is the role which it should have.
set -eu

scratch=${TMPDIR:-/tmp}/issuerctl-verify
mkdir -p "$scratch"
error=$scratch/error
left=

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# What the aws CLI said, in one line.
said() {
  tr -s '\n' ' ' <"$error"
}

# Takes the object away again. Where that fails the role is none the worse for it.
clean_up() {
  key=$left
  left=
  if [ -z "$key" ] || aws s3api delete-object --bucket "$BUCKET" --key "$key" >/dev/null 2>"$error"; then
    return
  fi
  case $(said) in
    *AccessDenied*) why="the role has no s3:DeleteObject" ;;
    *) why="it could not be deleted" ;;
  esac
  printf 'WARNING: left behind: s3://%s/%s; %s: %s\n' "$BUCKET" "$key" "$why" "$(said)" >&2
}

leave() {
  code=$?
  trap - EXIT
  clean_up
  rm -rf "$scratch"
  exit "$code"
}
trap leave EXIT

if [ -z "${AWS_ROLE_ARN:-}" ] || [ -z "${AWS_WEB_IDENTITY_TOKEN_FILE:-}" ]; then
  fail "nothing was injected into this pod: it has no AWS_ROLE_ARN or no AWS_WEB_IDENTITY_TOKEN_FILE." \
    "Look whether the ServiceAccount carries eks.amazonaws.com/role-arn, whether the webhook or the admission policy" \
    "is installed, and whether the annotation was there before this pod."
fi
if [ "$AWS_ROLE_ARN" != "$EXPECTED_ROLE_ARN" ]; then
  fail "this pod was given the role $AWS_ROLE_ARN, and $EXPECTED_ROLE_ARN was expected:" \
    "look at the annotation eks.amazonaws.com/role-arn of its ServiceAccount."
fi
if [ ! -r "$AWS_WEB_IDENTITY_TOKEN_FILE" ] || [ ! -s "$AWS_WEB_IDENTITY_TOKEN_FILE" ]; then
  fail "there is no token that can be read at $AWS_WEB_IDENTITY_TOKEN_FILE: the projected volume is not mounted there."
fi

if ! identity=$(aws sts get-caller-identity --query Arn --output text 2>"$error"); then
  fail "AWS did not take the token: $(said)"
fi
printf 'This pod is %s\n' "$identity"
case $identity in
  "$EXPECTED_SESSION"*) ;;
  *) fail "that is no session of $EXPECTED_ROLE_ARN; other credentials went before the token." ;;
esac

if [ -z "${BUCKET:-}" ]; then
  echo 'OK: the role is as expected.'
  exit 0
fi

# shellcheck disable=SC3028 # every container has it
object=${KEY_PREFIX:-}$(date +%s)-${HOSTNAME:-pod}
printf 'written by issuerctl workload verify-job as %s\n' "$identity" >"$scratch/sent"
if ! aws s3api put-object --bucket "$BUCKET" --key "$object" --body "$scratch/sent" >/dev/null 2>"$error"; then
  fail "the role may not write s3://$BUCKET/$object, or cannot reach it: $(said)"
fi
left=$object
if ! aws s3api get-object --bucket "$BUCKET" --key "$object" "$scratch/received" >/dev/null 2>"$error"; then
  fail "the role may not read s3://$BUCKET/$object, which it has written: $(said)"
fi
if [ "$(cat "$scratch/sent")" != "$(cat "$scratch/received")" ]; then
  fail "s3://$BUCKET/$object reads back differently from what was written."
fi
clean_up
printf 'OK: the role is as expected, and an object was written to %s and read back.\n' "$BUCKET"
