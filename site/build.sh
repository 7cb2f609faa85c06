# The manual and the guides as a static site: build.sh FOLDER, which is made
# anew. The environment is that of the tests (see Makefile.am).
set -eu

LC_ALL=C
export LC_ALL
: "${top_srcdir:=.}" "${top_builddir:=.}" "${AWK:=awk}" "${SED:=sed}"
site=$top_srcdir/site
out=$1
work=$out/work

if test -z "${MANDOC-}"; then
	echo 'The site is made by mandoc, which configure did not find.' >&2
	exit 1
fi

# The guides: each with its name in the site and its title there.
guides='README readme Read me: a program, the calls, figures, promises, limits
doc/design.md design How it is built inside
doc/limits.md limits What falls short, and why
bindings/node/README.md node For Node.js
bindings/go/README.md go For Go
bindings/together/README together C, JavaScript and Go in one heap
bindings/README bindings What any binding builds on
NEWS news What changed
CONTRIBUTING contributing How to work on it
doc/release.md release Steps of a release
SECURITY security How to report what should not be public yet'

pages=$(cd "$top_srcdir/man" && echo man[0-9]/*.[0-9])
aliases=$($SED -n 's/^\t\(mems_[a-z_]*:mems_[a-z_]*\)\( \\\)*$/\1/p' \
	"$top_srcdir/man/local.mk")

link() {
	printf 'link\t%s\t%s\n' "$1" "$2"
}

# What a page may be called in the text of another.
links() {
	for page in $pages; do
		page=${page#*/}
		link "${page%.*}(${page##*.})" "man/$page.html"
		case $page in
		*.3) link "${page%.*}" "man/$page.html" ;;
		esac
	done
	for pair in $aliases; do
		link "${pair%:*}" "man/${pair#*:}.3.html"
		link "${pair%:*}(3)" "man/${pair#*:}.3.html"
	done
	echo "$guides" | while read -r file name title; do
		link "$file" "$name.html"
	done
}

draw() {
	case $1 in
	heap) ${EMULATOR-} "$top_builddir/examples/draw${EXEEXT-}" ;;
	*) ${EMULATOR-} "$top_builddir/site/pictures${EXEEXT-}" "$1" ;;
	esac
}

# The way from a page to the top of the site.
up() {
	case $1 in
	man/*) echo ../ ;;
	esac
}

# show PICTURE PAGE SECTION CAPTION; the title of a picture says it in words.
show() {
	test -f "$out/$1.svg" || draw "$1" >"$out/$1.svg"
	size=$($SED -n '1s/.* \(width="[0-9]*" height="[0-9]*"\).*/\1/p' \
		"$out/$1.svg")
	words=$($SED -n '2s/<[^>]*>//gp' "$out/$1.svg")
	printf 'show\t%s\t%s\t<figure><div class="wide">' "$2" "$3"
	printf '<img src="%s" %s alt="%s"></div>' \
		"$(up "$2")$1.svg" "$size" "$words"
	printf '<figcaption>%s</figcaption></figure>\n' "$4"
}

# whole PAGE TITLE FOOT [TAG]: a page of the site around $work/body, with a list
# of its sections if they are TAGs.
whole() {
	cat >"$out/$1" <<END
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$2</title>
<link rel="stylesheet" href="$(up "$1")style.css">
</head>
<body>
<header><nav>
<a class="home" href="$(up "$1")index.html">libmems</a>
<a href="$(up "$1")readme.html">Read me</a>
<a href="$(up "$1")man/libmems.7.html">Overview</a>
<a href="$(up "$1")index.html#Calls">Calls</a>
<a href="$(up "$1")index.html#Guides">Guides</a>
</nav></header>
<main>
END
	$AWK -v self="$1" -v root="$(up "$1")" -v toc="${4-none}" \
		-f "$site/finish.awk" "$work/links" "$work/body" >>"$out/$1"
	cat >>"$out/$1" <<END
</main>
<footer>$3</footer>
</body>
</html>
END
}

# manual PAGE: mandoc makes two lines of one that begins with a blank in an
# example, and none of an empty one; it does neither behind a \&.
manual() {
	$SED '/^\.EX/,/^\.EE/ { s/^ /\\\& /; s/^$/\\\& \\\&/; }' \
		"$top_srcdir/man/$1" >"$work/page"
	$MANDOC -T html -O fragment "$work/page" >"$work/html"
	$AWK -f "$site/page.awk" "$work/html"
}

# The pictures: the page and the section that each ends, and what it shows.
pictures() {
	show heap index.html libmems_memory_you_can_name \
		'A heap of blocks and holes, drawn by the library itself.'
	show first readme.html A_program 'The heap of this program.'
	show first man/libmems.7.html Spaces_and_chains \
		'A main chain of two nodes, and their sub-chains.'
	show first-fit man/libmems.7.html Granules_and_policies \
		'First fit: 10,000 blocks, replaced at random 50 times.'
	show good-fit man/libmems.7.html Granules_and_policies \
		'Good fit: the same blocks.'
	show heap man/mems_space_draw.3.html DESCRIPTION \
		'A space with few segments.'
	show good-fit man/mems_space_draw.3.html DESCRIPTION \
		'A space with many.'
}

rm -rf "$out"
mkdir -p "$out/man" "$work"
cp "$site/style.css" "$out"

{
	links
	pictures
} >"$work/links"

for page in $pages; do
	name=${page#*/}
	title="${name%.*}(${name##*.})"
	{
		echo "<h1>$title</h1>"
		manual "$page"
	} >"$work/body"
	toc=h3
	case $name in
	*.3) toc=none ;;
	esac
	whole "man/$name.html" "$title - libmems" \
		"$($SED -n '1s/^.* \([-0-9]*\) "\([^"]*\)" .*/\2, \1/p' \
			"$top_srcdir/man/$page")" $toc
done

version=$($SED -n '1s/^.* "\(libmems [^"]*\)" .*/\1/p' \
	"$top_srcdir/man/man7/libmems.7")
echo "$guides" | while read -r file name title; do
	$AWK -f "$site/guide.awk" "$top_srcdir/$file" >"$work/body"
	whole "$name.html" "$title - libmems" "$version, $file" h2
done

# The front page: what README begins with, then all pages. libmems(7) groups the
# calls and says what each is for.
about() {
	printf '<dt><a href="%s">%s</a></dt>\n<dd>%s</dd>\n' "$1" "$2" "$3"
}

# The guides whose lines match, or with -v those that do not.
guides() {
	echo '<dl class="pages">'
	echo "$guides" | grep "$@" | while read -r file name title; do
		about "$name.html" "$file" "$title"
	done
	echo '</dl>'
}

{
	$SED '/^A program$/,$d' "$top_srcdir/README" |
		$AWK -f "$site/guide.awk"
	echo '<h2 id="Guides">Guides</h2>'
	guides -v '^bindings/'
	echo '<h2 id="Bindings">Bindings</h2>'
	guides '^bindings/'
	echo '<h2 id="Tools">Tools and overviews</h2>'
	echo '<dl class="pages">'
	for page in $pages; do
		name=${page#*/}
		case $name in
		*.3) continue ;;
		esac
		about "man/$name.html" "${name%.*}(${name##*.})" \
			"$($SED -n '/^\.SH NAME/ { n; s/.* \\- //p; }' \
				"$top_srcdir/man/$page")"
	done
	echo '</dl>'
	echo '<h2 id="Calls">Calls</h2>'
	echo '<div class="calls">'
	manual man7/libmems.7 | $SED -n '/ id="Calls"/,/<\/section>/ {
		/ id="Calls"/d
		/<\/section>/d
		s/ id="[^"]*"//
		s/(3)//
		s/<p class="Pp">\(.*\):<\/p>/<h3>\1<\/h3>/
		p
	}'
	echo '</div>'
} >"$work/body"
whole index.html 'libmems: memory you can name' "$version"

rm -r "$work"
