#!/usr/bin/env bash
# Make the stylesheet of the public pages: the U.S. Web Design System, only the rules that pages use, and our own.
# Needed only when a page begins to use a class it did not: the made sheet is in the project.
#
#   bash tools/site_css.sh          wants node and npm
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
pages=$root/src/amends/portal/pages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

USWDS=3.14.0 SASS=1.108.2 PURGECSS=8.0.0
cd "$work"
npm init --yes >/dev/null 2>&1
npm install --no-audit --no-fund --silent \
  "@uswds/uswds@$USWDS" "sass-embedded@$SASS" "purgecss@$PURGECSS" 2>/dev/null

npx sass --style=expanded --no-source-map --quiet \
  --load-path=node_modules/@uswds/uswds/packages "$pages/style/site.scss" whole.css
npx purgecss --css whole.css --output kept.css \
  --content "$pages/templates/*.j2" "$pages/style/classes.txt" \
            "$root/src/amends/site/templates/*.j2" "$root/src/amends/site/templates/*.html"
cat kept.css "$pages/style/own.css" > joined.css
npx sass --style=compressed --no-source-map joined.css small.css

cat > site.css <<NOTE
@charset "UTF-8";
/*! Public pages of Amends. Made by tools/site_css.sh from: U.S. Web Design System $USWDS (public domain, CC0 1.0;
parts after normalize.css, Copyright Nicolas Gallagher and Jonathan Neal, MIT License) and own rules (Apache-2.0). */
NOTE
sed -e "1s/^\xEF\xBB\xBF//" -e "1s/@charset \"UTF-8\";//" -e "s/url(\"\")/none/g" small.css >> site.css

mkdir -p "$pages/assets/img"
rm -f "$pages/assets/img/"*.svg
for picture in $(grep -o 'img/[A-Za-z0-9/_-]*\.svg' site.css | sort -u); do
  mkdir -p "$pages/assets/$(dirname "$picture")"
  cp "node_modules/@uswds/uswds/dist/$picture" "$pages/assets/$picture"
done
cp site.css "$pages/assets/site.css"
printf '%s bytes\n' "$(wc -c < "$pages/assets/site.css")"
