# What is wrong with the pages of a site, a line for each fault: tags that do
# not nest, ids that stand twice, links to nowhere, and what would be fetched
# from elsewhere or run. Called in the site's folder, with its pages.

function fault(text)
{
	print page ": " text
}

# The value of an attribute of a tag, or nothing.
function attribute(tag, name, at)
{
	at = index(tag, " " name "=\"")
	if (at == 0)
		return ""
	tag = substr(tag, at + length(name) + 3)
	sub(/".*/, "", tag)
	return tag
}

function is_file(name, line, known)
{
	known = (getline line <name) >= 0
	close(name)
	return known
}

# A link as a name from the top of the site.
function resolved(link, folder)
{
	if (link ~ /^#/)
		return page link
	folder = page
	sub(/[^\/]*$/, "", folder)
	while (link ~ /^\.\.\// && sub(/[^\/]*\/$/, "", folder))
		link = substr(link, 4)
	return folder link
}

function see(tag, name, link)
{
	name = tag
	gsub(/^<\/?|[ \t\/>].*/, "", name)
	if (tag ~ /^<!/)
		return
	if (tag ~ /^<\//) {
		if (depth == 0 || open[depth] != name)
			fault(tag " closes <" open[depth] ">")
		if (depth > 0)
			depth--
		return
	}
	if (name == "script" || name == "iframe" || tag ~ / on[a-z]*=/)
		fault(tag " has no place here")
	if (name !~ /^(br|img|link|meta)$/)
		open[++depth] = name
	link = attribute(tag, "id")
	if (link != "" && ids[page "#" link]++)
		fault("id " link " stands twice")
	link = attribute(tag, "href") attribute(tag, "src")
	if (link ~ /^https?:/ && name == "a")
		return
	if (link != "")
		links[page "\n" resolved(link)] = link
}

function end_page()
{
	while (depth > 0)
		fault("<" open[depth--] "> is not closed")
	if (rest ~ /[<>]/)
		fault("a tag is not closed")
}

FNR == 1 {
	end_page()
	page = FILENAME
	rest = ""
}

{
	rest = rest $0 "\n"
	while (match(rest, /<[^>]*>/)) {
		tag = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART + RLENGTH)
		see(tag)
	}
	sub(/^[^<]*/, "", rest)
}

END {
	end_page()
	for (link in links) {
		split(link, part, "\n")
		page = part[1]
		file = part[2]
		sub(/#.*/, "", file)
		if (!is_file(file) || part[2] ~ /#/ && !(part[2] in ids))
			fault(links[link] " leads nowhere")
	}
}
