# No page of a site is wider than the window, on a desk or in a hand: look.sh
# FOLDER has Chromium load each in a frame of either width and say what it sees.
# CHROMIUM is the browser's name, if it is not one of the usual.
set -eu

widths='1280 390'
out=$(cd "$1" && pwd)
for browser in ${CHROMIUM-} chromium chromium-browser google-chrome; do
	! command -v "$browser" >/dev/null || break
done
if ! command -v "$browser" >/dev/null; then
	echo 'There is no Chromium: skipped.'
	exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' 0
trap 'exit 1' 1 2 15

# One page that is too wide shows that such are seen.
echo '<!DOCTYPE html><p style="width: 1300px">wide</p>' >"$work/wide.html"
pages=$(echo "$work/wide.html" && find "$out" -name '*.html' | sort)
{
	echo '<!DOCTYPE html><pre></pre><script>'
	echo 'const pages = ['
	echo "$pages" | sed 's|.*|"file://&",|'
	echo "], widths = [$(echo $widths | sed 's/ /, /')];"
	cat <<'END'
document.currentScript.remove();
const frame = document.createElement("iframe");
const result = document.querySelector("pre");
let next = 0;

function load() {
  if (next === pages.length * widths.length) {
    result.textContent += `${next} seen\n`;
    return;
  }
  frame.width = widths[next % widths.length];
  frame.src = pages[Math.floor(next / widths.length)];
}

frame.onload = () => {
  const width = frame.contentDocument.documentElement.scrollWidth;
  if (width > frame.width)
    result.textContent +=
      `${frame.src} is ${width} wide in ${frame.width}\n`;
  next++;
  load();
};
load();
document.body.append(frame);
</script>
END
} >"$work/look.html"

# As root Chromium starts only without its sandbox; the pages are ours.
"$browser" --headless --no-sandbox --disable-gpu --disable-quic \
	--no-first-run --disable-background-networking \
	--disable-component-update --disable-sync --hide-scrollbars \
	--allow-file-access-from-files --user-data-dir="$work/profile" \
	--virtual-time-budget=100000 --dump-dom "file://$work/look.html" \
	2>"$work/messages" >"$work/dom"
sed 's/<[^>]*>//g; /^$/d' "$work/dom" >"$work/found"

# It is seen at both widths, as the only one.
seen=$(($(echo "$pages" | wc -l) * $(echo $widths | wc -w)))
grep -F "$work/wide.html" "$work/found" >"$work/wide" || :
if test "$(wc -l <"$work/wide")" -ne 2 ||
   ! grep -q -x "$seen seen" "$work/found"; then
	echo 'Chromium did not see what it should; it said:'
	cat "$work/found" "$work/messages"
	exit 1
fi
! grep -v -F -e "$work/wide.html" -e "$seen seen" "$work/found" || exit 1
echo "$(($(echo "$pages" | wc -l) - 1)) pages fit into windows of $widths."
