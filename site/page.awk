# What mandoc makes of a page, as the body of ours: with one title of its own,
# so headings go down by one, and without what it says above and below.

/^<table class="(head|foot)">/, /^<\/table>/ { next }
/^<p class="Pp"><\/p>$|^ *<dt><\/dt>$/ { next }

# A heading stands on one line.
/^<h[12]/ {
	while (!/<\/h[12]>/ && (getline more) > 0) {
		sub(/^ */, " ", more)
		$0 = $0 more
	}
	level = substr($0, 3, 1) + 1
	sub(/<h[12] class="S[hs]"/, "<h" level)
	sub(/<\/h[12]>/, "</h" level ">")
}

# What is explained in a list links to itself; finish.awk knows better.
/^ *<dt/ {
	cut = sub(/<a class="permalink" href="[^"]*">/, "")
}

cut && sub(/<\/a>/, "") {
	cut = 0
}

# The statements of a synopsis are one piece.
held {
	print (sub(/^<pre>/, "") ? "" : "</pre>")
	held = 0
}

sub(/<\/pre>$/, "") {
	printf "%s%s", $0, ($0 == "" ? "" : "\n")
	held = 1
	next
}

{
	sub(/^ $/, "")
	print
}

END {
	if (held)
		print "</pre>"
}
