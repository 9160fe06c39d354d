#!/usr/bin/env bash
# The gate: what has to hold before a change is taken. CI runs this same script.
#
#   scripts/check.sh
#
# It needs Rust (cargo, rustfmt, clippy), git, a C compiler and Python 3.11 or later with venv. What the tests need
# beyond that (pytest, boto3, the AWS CLI, moto, MiniStack, all pinned in tests/requirements.txt) goes into .venv;
# cargo-fuzz, where there is none, into tests/fuzz/target. The doctor's page is looked at in Chromium, which
# scripts/check-html.sh installs from Debian where it is missing (root and apt-get); nothing else is installed on the
# machine. No AWS account and no credentials are used. The harness of tests/halfway follows file writes by ptrace:
# Linux on x86_64.
#
# PYTHON names another interpreter. CARGO_TARGET_DIR is honoured. cargo-nextest and shellcheck are used where they
# are installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

# What is tested sees nothing of the caller's AWS, and no flag set as a variable.
for name in $(compgen -e); do
  case $name in AWS_* | ISSUERCTL_*) unset "$name" ;; esac
done
export PYTHONDONTWRITEBYTECODE=1

readonly venv=.venv
readonly pins=tests/requirements.txt
binary=${CARGO_TARGET_DIR:-target}/debug/issuerctl
case $binary in /*) ;; *) binary=$PWD/$binary ;; esac

step=start
say_how_it_ended() {
  local code=$?
  [[ $code -eq 0 ]] || printf '\n==> FAILED in: %s (exit code %s, %s s after the start)\n' "$step" "$code" "$SECONDS" >&2
}
trap say_how_it_ended EXIT

# run HEADING COMMAND...: runs one step of the gate and says how long it took.
run() {
  step=$1
  shift
  printf '\n==> %s\n' "$step"
  local began=$SECONDS
  "$@"
  printf -- '--- %s: %s s\n' "$step" "$((SECONDS - began))"
}

tree() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git status --porcelain --untracked-files=all
  else
    echo 'not a git checkout'
  fi
}

python_environment() {
  local python=${PYTHON:-python3} stamp=$venv/.pins wanted have=''
  if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is older than 3.11, or not there; name another one with PYTHON" >&2
    return 1
  fi
  wanted=$(git hash-object --no-filters "$pins")
  [[ ! -f $stamp ]] || have=$(<"$stamp")
  if [[ $have == "$wanted" && -x $venv/bin/python ]]; then
    echo "$venv has what $pins asks for"
    return
  fi
  # Pins that have changed: begin anew, so that nothing stays that they no longer name.
  if [[ -n $have || ! -x $venv/bin/python ]]; then
    if ! "$python" -m venv --clear "$venv"; then
      echo "no virtual environment could be made; on Debian and Ubuntu: apt-get install python3-venv" >&2
      return 1
    fi
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --requirement "$pins"
  printf '%s\n' "$wanted" >"$stamp"
  echo "$venv now has what $pins asks for"
}

shell_scripts() {
  local scripts=(scripts/*.sh .ci/run) script shellcheck=''
  for script in "${scripts[@]}"; do
    bash -n "$script"
    [[ -x $script ]] || { echo "$script is not executable" >&2; return 1; }
  done
  if [[ -x $venv/bin/shellcheck ]]; then shellcheck=$venv/bin/shellcheck; fi
  [[ -n $shellcheck ]] || shellcheck=$(command -v shellcheck || true)
  if [[ -n $shellcheck ]]; then
    "$shellcheck" "${scripts[@]}"
    # What is written for nodes and pods, as it comes out.
    "$shellcheck" --shell=sh crates/emitter/tests/golden/workload-*.sh crates/emitter/src/workload/templates/verify.sh
  else
    echo 'shellcheck is not installed: only the syntax was looked at'
  fi
}

format() {
  cargo fmt --all --check
  # A workspace of its own.
  cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
}

clippy() {
  cargo clippy --locked --workspace --all-targets -- --deny warnings
  # Not built with the others, for it is no test that a runner can take apart.
  cargo clippy --locked --package issuerctl --test halfway -- --deny warnings
  # Without its one optional part: the program as it is built for those who do not want the sandbox.
  cargo clippy --locked --package issuerctl --no-default-features -- --deny warnings
}

# Crates that are pure by design: what reaches them from outside is values.
purity() {
  local crate reached
  for crate in issuer-policy issuer-emitter issuer-relying-party; do
    [[ -d crates/${crate#issuer-} ]] || continue
    reached=$(cargo tree --locked --edges normal --prefix none --package "$crate" |
      grep -E '^(aws-sdk-|aws-config|aws-smithy|tokio|hyper|reqwest)' || true)
    if [[ -n $reached ]]; then
      printf '%s is to be pure, and carries:\n%s\n' "$crate" "$reached" >&2
      return 1
    fi
    echo "$crate carries no AWS SDK, no tokio and no hyper"
  done
}

# A key block with its body, in any file that is or could be committed; texts may name the header line.
no_private_keys() {
  if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    echo 'not a git checkout: nothing to look at'
    return
  fi
  git ls-files -z --cached --others --exclude-standard | "$venv/bin/python" -c '
import re, sys

block = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:\\r|\\n|[\s\"+,])*[A-Za-z0-9+/=]{32}")
names = [name for name in sys.stdin.buffer.read().split(b"\0") if name]
found = []
for name in names:
    try:
        with open(name, "rb") as file:
            if block.search(file.read()):
                found.append(name.decode(errors="replace"))
    except (FileNotFoundError, IsADirectoryError):
        pass
if found:
    sys.exit("private keys stand in: " + ", ".join(found))
print(f"no private key in {len(names)} files")
'
  local extra
  extra=$(git ls-files keys | grep -vxE 'keys/(README\.md|\.gitignore)' || true)
  if [[ -n $extra ]]; then
    printf 'keys/ is for keys, which are never committed: %s\n' "$extra" >&2
    return 1
  fi
}

rust_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace
  else
    cargo test --locked --workspace --lib --bins --tests --examples
  fi
}

# One run for each suite: both have a conftest, and are not packages.
python_tests() {
  ISSUERCTL=$binary "$venv/bin/python" -m pytest -p no:cacheprovider "tests/$1"
}

# The script for real AWS, run on the sandbox: nothing of it leaves this machine.
smoke_script() (
  local directory pid=''
  directory=$(mktemp -d)
  # shellcheck disable=SC2154 # code is set by the trap itself
  trap 'code=$?; [[ -z $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$directory"; exit "$code"' EXIT
  "$binary" sandbox --region eu-central-1 --write-ca "$directory/ca.pem" \
    >"$directory/environment" 2>"$directory/talk" &
  pid=$!
  local tries=0
  until grep -q '^ready' "$directory/talk"; do
    if ! kill -0 "$pid" || ((++tries > 100)); then
      cat "$directory/talk" >&2
      exit 1
    fi
    sleep 0.1
  done
  # shellcheck disable=SC1091 # written by the sandbox
  . "$directory/environment"
  export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null NO_PROXY='' no_proxy=''
  ISSUERCTL_SMOKE_AWS=yes ISSUERCTL_SMOKE_BINARY=$binary scripts/smoke-aws.sh
)

before=$(tree)
cargo --version
rustc --version

run 'format' format
run 'python environment' python_environment
run 'no private keys' no_private_keys
run 'shell scripts' shell_scripts
run 'pure crates' purity
run 'clippy' clippy
run 'rust tests' rust_tests
run 'documentation tests' cargo test --locked --workspace --doc
run 'documentation' env RUSTDOCFLAGS='--deny warnings' cargo doc --locked --workspace --no-deps
run 'examples and the program' cargo build --locked --workspace --bins --examples
run 'the pages' "$venv/bin/python" scripts/check-readme.py "$binary" "$venv/bin/cfn-lint"
run 'the main job, as the README has it' cargo run --locked -p issuerctl -- bootstrap --sandbox
run "the doctor's page" scripts/check-html.sh
run 'manifest tests' python_tests manifests
run 'sandbox tests' python_tests sandbox
run 'integration tests' python_tests integration
run 'smoke script on the sandbox' smoke_script
run 'nothing breaks half-way' cargo test --locked -p issuerctl --test halfway
run 'fuzz targets, briefly' scripts/fuzz.sh 5

step='the tree is as it was'
printf '\n==> %s\n' "$step"
after=$(tree)
if [[ $after != "$before" ]]; then
  echo 'the gate has changed files; before and after:' >&2
  diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") >&2 || true
  exit 1
fi
printf '\n==> all of it passed in %s s\n' "$SECONDS"
