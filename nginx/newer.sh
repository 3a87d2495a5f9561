#!/bin/sh
# Shows which files of newer/ the installed NGINX supports; with --apply, copies them over the files that they replace.
set -eu

apply=no
case ${1-} in
  '') ;;
  --apply) apply=yes ;;
  *)
    echo "Usage: newer.sh [--apply]" >&2
    exit 64
    ;;
esac

cd "$(dirname "$0")"
version=$(nginx -v 2>&1 | sed -n 's|^nginx version: nginx/\([0-9.]*\).*|\1|p')
if [ -z "$version" ]; then
  echo "nginx is not installed." >&2
  exit 69
fi
echo "# NGINX $version"

for file in newer/*.conf; do
  name=$(basename "${file%-from-*}")
  since=${file##*-from-}
  since=${since%.conf}
  oldest=$(printf '%s\n' "$since" "$version" | sort -V | head -n 1)
  if [ "$oldest" != "$since" ]; then continue; fi
  replaced=$(sed -n '1s|.*Replaces \(haven/[a-z0-9-]*\.conf\).*|\1|p' "$file")
  # A file in newer/ that replaces a variant is needed only if that variant is in use.
  if [ -e "variants/$name.conf" ] && ! cmp -s "variants/$name.conf" "$replaced"; then continue; fi
  echo "cp $file $replaced"
  if [ "$apply" = yes ]; then cp "$file" "$replaced"; fi
done
