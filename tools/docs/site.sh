#!/usr/bin/env bash
# Builds the site into build/site with the zensical that is given, and looks that it fetches nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
python -m tools.docs.reference --check
python -m tools.docs.links
rm -rf build/site && mkdir -p build
if ! "$1" build --strict --clean > build/site.log 2>&1; then
  sed 's/\x1b\[[0-9;]*m//g' build/site.log | grep -v '^ *File\|^ *\^\|^    ' >&2
  echo 'make docs: the site was not built (above)' >&2
  exit 1
fi
if grep -rnoE '<(script|img|iframe)[^>]* src="?(https?:)?//[^ >]*|<link[^>]* href="?(https?:)?//[^ >]*' \
    --include='*.html' build/site; then
  echo 'make docs: a page fetches something from another address (above)' >&2
  exit 1
fi
echo 'build/site/index.html; with search: python3 -m http.server --directory build/site'
