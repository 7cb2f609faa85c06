# Finish the body of a page of the site: a list of its sections, the pictures
# that belong to it, and links wherever it speaks of another page.
#
#	awk -v self=PAGE -v root=PREFIX -v toc=TAG -f finish.awk LINKS BODY
#
# Of LINKS, fields separated by tabs:
#
#	link  WORD  PAGE             what WORD links to
#	show  PAGE  ID  HTML         what stands at the end of a section

function linked(word, text)
{
	if (word in page && page[word] != self)
		return "<a href=\"" root page[word] "\">" text "</a>"
	return text
}

# The words of a piece of text that has no tags.
function words(text, done, word, end, section)
{
	while (match(text, /[A-Za-z0-9_][-A-Za-z0-9_.\/]*/)) {
		word = substr(text, RSTART, RLENGTH)
		end = RSTART + RLENGTH
		done = done substr(text, 1, RSTART - 1)
		text = substr(text, end)
		while (word ~ /[-.\/]$/) {
			text = substr(word, length(word)) text
			word = substr(word, 1, length(word) - 1)
		}
		section = ""
		if (text ~ /^\([1-8]\)/) {
			section = substr(text, 1, 3)
			text = substr(text, 4)
		}
		done = done linked(word section, word section)
	}
	return done text
}

# All of a line; inside of links and headings nothing is linked again.
function line(text, done, piece, tag)
{
	while (match(text, /<[^>]*>/)) {
		piece = substr(text, 1, RSTART - 1)
		tag = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		done = done (outside() ? words(piece) : piece)

		# mandoc writes a reference as <b>NAME</b>(SECTION).
		if (tag == "<b>" && outside() &&
		    match(text, /^[-A-Za-z0-9_]+<\/b>\([1-8]\)/)) {
			piece = substr(text, 1, RLENGTH)
			text = substr(text, RLENGTH + 1)
			tag = piece
			sub(/<\/b>/, "", tag)
			tag = linked(tag, "<b>" piece)
		} else if (tag ~ /^<(a |h[1-6])/)
			depth++
		else if (tag ~ /^<\/(a|h[1-6])>/)
			depth--
		done = done tag
	}
	return done (outside() ? words(text) : text)
}

function outside()
{
	return depth == 0
}

FNR == NR {
	split($0, field, "\t")
	if (field[1] == "link")
		page[field[2]] = field[3]
	else if (field[2] == self)
		picture[field[3]] = picture[field[3]] field[4] "\n"
	next
}

{
	body[++lines] = $0
	if (match($0, "^<" toc " id=\"[^\"]*\">")) {
		text = $0
		gsub(/<[^>]*>/, "", text)
		id = $0
		sub(/^[^"]*"/, "", id)
		sub(/".*/, "", id)
		sections = sections "<li><a href=\"#" id "\">" text \
			"</a></li>\n"
		headings++
	}
}

END {
	for (i = 1; i <= lines; i++) {
		if (body[i] ~ /^<\/?(h[1-6]|section)/) {
			printf "%s", due
			due = ""
		}
		if (body[i] ~ /^<h2/ && headings > 3) {
			print "<nav class=\"toc\"><ul>\n" sections "</ul></nav>"
			headings = 0
		}
		if (match(body[i], /^<h[1-6] id="[^"]*"/)) {
			id = substr(body[i], 9, RLENGTH - 9)
			due = picture[id]
			delete picture[id]
		}
		print line(body[i])
	}
	printf "%s", due

	for (id in picture)
		if (picture[id] != "") {
			print self ": no section " id | "cat >&2"
			exit 1
		}
}
