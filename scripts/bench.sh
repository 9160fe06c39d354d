#!/usr/bin/env bash
# Measures what the README quotes, each figure beside a peer's in the same run.
#
#   scripts/bench.sh [--pairs N] [--runs N] [--bootstraps N] [--rounds N]
#
# Builds and uses the release program. Needs python3 (standard library only) and openssl. Nothing touches a network,
# and no test depends on a time: the targets are printed and compared, never asserted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

for name in $(compgen -e); do
  case $name in AWS_* | ISSUERCTL_*) unset "$name" ;; esac
done

cargo build --release --locked -p issuerctl
cargo build --release --locked -p issuer-relying-party --example verdicts
exec "${PYTHON:-python3}" -B scripts/bench.py "${CARGO_TARGET_DIR:-target}/release/issuerctl" "$@"
