#!/usr/bin/env bash
# Looks at the pages of `issuerctl doctor --html`, as made from made-up reports: with an HTML parser, and in Chromium.
#
#   scripts/check-html.sh
#
# Makes the pages (the example `pages` of issuer-doctor), parses them strictly, opens them in headless Chromium on a
# phone and on a desktop, light and dark, and looks at what came out: sizes, colours, contrast, nothing to scroll
# sideways (tests/html). Pages and screenshots stay in target/html, for eyes; CARGO_TARGET_DIR is honoured.
#
# It needs Cargo, Chromium, and a Python with what tests/requirements.txt names: the one in .venv, which
# scripts/check.sh makes, unless PYTHON names another. CHROMIUM names another browser of that family. Where there is
# none, Debian's package is installed if we are root and apt-get is there. No page is fetched from anywhere: the
# browser runs without a network, in a profile of its own, and ends with this script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export PYTHONDONTWRITEBYTECODE=1

readonly pages=(healthy warned broken hostile) sizes=(phone:360x800 desktop:1280x900) widths=(320 360 768 1280)
readonly packages=(chromium fonts-dejavu-core)

out=${CARGO_TARGET_DIR:-target}/html
case $out in /*) ;; *) out=$PWD/$out ;; esac
python=${PYTHON:-.venv/bin/python}
own=$(mktemp -d)

# Whatever of the browser runs carries the directory of this run, as its profile or as its home; nothing else does.
left_over() {
  local id
  for id in /proc/[0-9]*; do
    id=${id#/proc/}
    if [[ $id != "$$" ]] && grep -qsaF -- "$own" "/proc/$id/cmdline" "/proc/$id/environ"; then
      printf '%s\n' "$id"
    fi
  done
}

leave() {
  local code=$? id
  for id in $(left_over); do kill -KILL "$id" 2>/dev/null || true; done
  rm -rf "$own"
  exit "$code"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

find_chromium() {
  if [[ -n ${CHROMIUM:-} ]]; then
    command -v "$CHROMIUM" || { echo "CHROMIUM names $CHROMIUM, which is not there" >&2; return 1; }
    return
  fi
  command -v chromium || command -v chromium-browser || command -v google-chrome
}

install_chromium() {
  if [[ -n ${CHROMIUM:-} ]]; then return 1; fi
  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Chromium is not installed; on Debian: apt-get install ${packages[*]} (or name a browser with CHROMIUM)" >&2
    return 1
  fi
  echo "==> Chromium is not installed: apt-get install ${packages[*]}"
  local began=$SECONDS
  export DEBIAN_FRONTEND=noninteractive
  if ! { timeout --kill-after=10 120 apt-get update &&
    timeout --kill-after=10 600 apt-get install --yes --no-install-recommends "${packages[@]}"; } >"$own/apt" 2>&1; then
    tail -n 20 "$own/apt" >&2
    echo "Chromium could not be installed; install it by hand: apt-get install ${packages[*]}" >&2
    return 1
  fi
  echo "--- installed in $((SECONDS - began)) s"
}

# browse SCHEME ARGUMENT...: runs Chromium once, for at most a minute, and waits for it where a signal is heard. It
# opens nothing but our own pages, so it does without its sandbox, which neither root nor most containers can have.
runs=0
browse() {
  local flags=(
    --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --force-device-scale-factor=1
    --user-data-dir="$own/profile.$((++runs))" --allow-file-access-from-files --no-first-run
    --no-default-browser-check --disable-background-networking --disable-component-update --disable-default-apps
    --disable-domain-reliability --disable-extensions --disable-sync --disable-breakpad
    --host-resolver-rules='MAP * ~NOTFOUND'
  )
  [[ $1 != dark ]] || flags+=(--force-dark-mode)
  shift
  HOME=$own XDG_RUNTIME_DIR=$own timeout --kill-after=5 60 "$chromium" "${flags[@]}" "$@" 2>"$own/browser" &
  if ! wait "$!"; then
    tail -n 20 "$own/browser" >&2
    echo "Chromium failed or took too long: $*" >&2
    return 1
  fi
}

# A page around pages: a window cannot be as narrow as a phone, a frame can.
around() {
  printf '<!doctype html><html style="color-scheme: light dark"><meta charset="utf-8"><title>frames</title>'
  printf '<body style="margin: 0">'
  local page width height
  while read -r page width height; do
    printf '<iframe src="%s/%s.html" data-page="%s" data-width="%d" ' "$out" "$page" "$page" "$width"
    printf 'style="border: 0; display: block; width: %dpx; height: %dpx"></iframe>' "$width" "$height"
  done
}

measure() {
  local scheme page width
  for page in "${pages[@]}"; do
    for width in "${widths[@]}"; do echo "$page $width 900"; done
  done >"$own/frames"
  around <"$own/frames" >"$own/measure.html"
  printf '<script src="%s/tests/html/measure.js"></script>' "$PWD" >>"$own/measure.html"
  for scheme in light dark; do
    browse "$scheme" --window-size=1400,900 --dump-dom "file://$own/measure.html" >"$out/measured-$scheme.html"
  done
}

photograph() {
  local page size scheme name width height
  for page in "${pages[@]}"; do
    for size in "${sizes[@]}"; do
      IFS=:x read -r name width height <<<"$size"
      around <<<"$page $width $height" >"$own/one.html"
      for scheme in light dark; do
        browse "$scheme" --window-size="$width,$height" --screenshot="$out/$page-$name-$scheme.png" \
          "file://$own/one.html" >/dev/null
      done
    done
  done
}

if ! "$python" -c 'import html5lib, pytest' 2>/dev/null; then
  echo "$python has no html5lib and pytest; scripts/check.sh makes .venv from tests/requirements.txt" >&2
  exit 1
fi
rm -rf "$out"
echo '==> making the pages'
cargo run --quiet --locked -p issuer-doctor --example pages -- "$out"
echo '==> parsing them'
HTML_CHECK=$out "$python" -m pytest --quiet -p no:cacheprovider tests/html/test_structure.py

if ! chromium=$(find_chromium); then
  install_chromium
  chromium=$(find_chromium)
fi
echo "==> opening them in $chromium"
began=$SECONDS
measure
photograph
echo "--- $((${#pages[@]} * ${#sizes[@]} * 2)) screenshots in $((SECONDS - began)) s: $out"
tries=0
while [[ -n $(left_over) ]]; do
  if ((++tries > 50)); then
    echo 'the browser has left processes behind' >&2
    exit 1
  fi
  sleep 0.1
done
HTML_CHECK=$out "$python" -m pytest --quiet -p no:cacheprovider tests/html/test_looks.py
