# A guide as the body of an HTML page: the forms of Markdown and of plain text
# that our guides use, and no others.

function escape(text)
{
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	return text
}

# pair(TEXT, MARK, TAG): what stands between two marks goes into a tag. A mark
# with a blank behind it opens nothing: it is a star.
function pair(text, mark, tag, done, begin, end, rest)
{
	while ((begin = index(text, mark)) > 0) {
		rest = substr(text, begin + length(mark))
		end = index(rest, mark)
		if (end < 2 || rest ~ /^[ \n]/) {
			done = done substr(text, 1, begin + length(mark) - 1)
			text = rest
			continue
		}
		done = done substr(text, 1, begin - 1) \
			"<" tag ">" substr(rest, 1, end - 1) "</" tag ">"
		text = substr(rest, end + length(mark))
	}
	return done text
}

# Only what lies elsewhere is linked here; finish.awk knows what there is in
# the site. Of a link to another file of the tree the words stay.
function links(text, done, word, target)
{
	while (match(text, /\[[^]]+\]\([^)]+\)/)) {
		done = done substr(text, 1, RSTART - 1)
		word = substr(text, RSTART + 1, RLENGTH - 2)
		text = substr(text, RSTART + RLENGTH)
		target = word
		sub(/\].*/, "", word)
		sub(/.*\]\(/, "", target)
		if (target ~ /^https?:/)
			word = "<a href=\"" target "\">" word "</a>"
		done = done word
	}
	return done text
}

function inline(text, parts, n, i, out)
{
	n = split(escape(text), parts, /`/)
	for (i = 1; i <= n; i++)
		if (i % 2 == 0)
			out = out "<code>" parts[i] "</code>"
		else {
			text = pair(pair(parts[i], "**", "b"), "*", "i")
			out = out links(text)
		}
	return out
}

function heading(level, text, id)
{
	end_block()
	id = text
	gsub(/[^A-Za-z0-9]+/, "_", id)
	if (seen[id]++)
		id = id "_" seen[id]
	printf "<h%d id=\"%s\">", level, id
	printf "<a class=\"permalink\" href=\"#%s\">%s</a></h%d>\n", \
		id, inline(text), level
}

function end_item()
{
	if (item != "")
		print "<li>" inline(item) "</li>"
	item = ""
}

function end_list()
{
	end_item()
	if (list != "")
		print "</" list ">"
	list = ""
}

# What is set off by blanks alone: the blanks that all lines share go.
function end_code(i, common)
{
	if (lines == 0)
		return
	while (code[lines] == "")
		lines--
	common = 80
	for (i = 1; i <= lines; i++) {
		match(code[i], /^ */)
		if (code[i] != "" && RLENGTH < common)
			common = RLENGTH
	}
	printf "<pre>"
	for (i = 1; i <= lines; i++)
		print escape(substr(code[i], common + 1))
	print "</pre>"
	lines = 0
}

function end_paragraph()
{
	if (paragraph != "")
		print "<p>" inline(paragraph) "</p>"
	paragraph = ""
}

function end_table()
{
	if (rows > 0)
		print "</table></div>"
	rows = 0
}

function end_block()
{
	end_paragraph()
	end_list()
	end_code()
	end_table()
}

# A first row with nothing in it only keeps Markdown content.
function row(line, cells, n, i, tag)
{
	gsub(/^\| *| *\|$/, "", line)
	n = split(line, cells, / *\| */)
	if (rows++ == 0) {
		print "<div class=\"wide\"><table>"
		if (line ~ /^[ |]*$/)
			return
		tag = "th"
	} else
		tag = "td"
	printf "<tr>"
	for (i = 1; i <= n; i++)
		printf "<%s>%s</%s>", tag, inline(cells[i]), tag
	print "</tr>"
}

function expanded(line, at)
{
	while ((at = index(line, "\t")) > 0)
		line = substr(line, 1, at - 1) \
			substr("        ", 1 + (at - 1) % 8) \
			substr(line, at + 1)
	return line
}

/^```/ {
	if (fenced)
		print "</pre>"
	else {
		end_block()
		printf "<pre>"
	}
	fenced = !fenced
	next
}

fenced {
	print escape(expanded($0))
	next
}

/^---- .* -*$/ {	# where a script puts in a table
	next
}

/^(==*|--*)$/ && paragraph != "" {
	text = paragraph
	paragraph = ""
	heading(/^=/ ? 1 : 2, text)
	next
}

/^##* / {
	level = index($0, " ") - 1
	heading(level, substr($0, level + 2))
	next
}

/^\|/ {
	if (rows == 0)
		end_block()
	if ($0 !~ /^[-|: ]*-[-|: ]*$/)
		row($0)
	next
}

/^$/ {
	end_paragraph()
	end_item()
	end_table()
	if (lines > 0)
		code[++lines] = ""
	next
}

# A list: its items begin with a mark, and go on until a blank line.
lines == 0 && /^ ? ?([-*]|[0-9]+\.) / {
	end_paragraph()
	end_item()
	text = $0
	kind = /^ *[0-9]/ ? "ol" : "ul"
	if (list != kind) {
		end_list()
		print "<" kind ">"
		list = kind
	}
	sub(/^ *[^ ]* */, "", text)
	item = text
	next
}

item != "" {
	text = $0
	sub(/^ */, "", text)
	item = item "\n" text
	next
}

/^[ \t]/ {
	end_paragraph()
	end_list()
	end_table()
	text = expanded($0)
	sub(/ *$/, "", text)
	code[++lines] = text
	next
}

{
	if (paragraph == "")
		end_block()
	paragraph = paragraph (paragraph == "" ? "" : "\n") $0
}

END {
	end_block()
}
