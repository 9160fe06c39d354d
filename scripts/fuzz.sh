#!/usr/bin/env bash
# Feeds hostile bytes to everything that reads what others wrote: the targets of tests/fuzz.
#
#   scripts/fuzz.sh [SECONDS [TARGET...]]
#
# SECONDS for each target, 300 unless told; CI's form is `scripts/fuzz.sh 5`. Each run begins with the committed seeds
# (tests/fuzz/seeds/TARGET) and goes on with what earlier runs found (tests/fuzz/corpus/TARGET, not committed). An
# input that breaks a promise is left in tests/fuzz/artifacts/TARGET; mend what it shows, and commit it as a seed.
#
# The targets are built by the nightly toolchain where there is one, else by the stable one with RUSTC_BOOTSTRAP=1.
# No sanitizer: the workspace forbids unsafe code, so what an address sanitizer finds could only be in crates of
# others, and it would cost a second build of all of them. Overflows and debug assertions do count.
#
# cargo-fuzz is used where it is installed; otherwise it is built once into tests/fuzz/target/tools and nowhere else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

readonly fuzz=tests/fuzz cargo_fuzz=0.13.2
readonly all=(pem jwks discovery_document policy issuer_url sandbox_query token)

seconds=${1:-300}
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo 'usage: scripts/fuzz.sh [SECONDS [TARGET...]]' >&2
  exit 2
fi
targets=("${@:2}")
((${#targets[@]})) || targets=("${all[@]}")
for target in "${targets[@]}"; do
  if [[ ! -f $fuzz/targets/$target.rs ]]; then
    printf 'there is no target %s; there are: %s\n' "$target" "${all[*]}" >&2
    exit 2
  fi
done

# Its builds have flags of their own: in a directory of their own they do not drive out the product's.
export CARGO_TARGET_DIR=$PWD/$fuzz/target
PATH=$CARGO_TARGET_DIR/tools/bin:$PATH
if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "==> cargo-fuzz $cargo_fuzz is not installed: building it into $fuzz/target/tools"
  cargo install --locked --quiet cargo-fuzz --version "$cargo_fuzz" --root "$CARGO_TARGET_DIR/tools"
fi
if command -v rustup >/dev/null && rustup toolchain list | grep -q '^nightly'; then
  export RUSTUP_TOOLCHAIN=nightly
else
  export RUSTC_BOOTSTRAP=1
fi

echo "==> building ${#targets[@]} targets"
began=$SECONDS
# cargo-fuzz has no --locked of its own.
cargo fetch --locked --quiet --manifest-path "$fuzz/Cargo.toml"
for target in "${targets[@]}"; do
  cargo fuzz build --fuzz-dir "$fuzz" --sanitizer none "$target"
done
echo "--- built in $((SECONDS - began)) s"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
total=0
for target in "${targets[@]}"; do
  mkdir -p "$fuzz/corpus/$target" "$fuzz/artifacts/$target"
  code=0
  # The first directory is written to, the second only read. One input may take 10 s and 1 GiB; none comes near it.
  cargo fuzz run --fuzz-dir "$fuzz" --sanitizer none "$target" \
    "$fuzz/corpus/$target" "$fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1 || code=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
  if ((code != 0)) || [[ -z $executions ]]; then
    tail -n 60 "$log" >&2
    printf '==> FAILED: %s; the input is in %s/artifacts/%s\n' "$target" "$fuzz" "$target" >&2
    exit 1
  fi
  printf '%-20s %12d executions in %d s\n' "$target" "$executions" "$seconds"
  total=$((total + executions))
done
printf '==> %d targets, %d executions, nothing found\n' "${#targets[@]}" "$total"
