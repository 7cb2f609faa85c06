"""Objects, dicts, strings and JSON; what is printed follows from the code."""
import json


class Node:
    def __init__(self, key, children):
        self.key = key
        self.children = children
        self.label = "node %d" % key


def tree(depth, key):
    if depth == 0:
        return Node(key, [])
    return Node(key, [tree(depth - 1, key * 3 + i) for i in range(3)])


def weight(node):
    return len(node.label) + sum(weight(child) for child in node.children)


def words(count):
    state, result = 1, []
    for _ in range(count):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        result.append("w%d" % (state % 5000))
    return result


def main():
    print(sum(weight(tree(8, n)) for n in range(4)))
    counts = {}
    text = words(120000)
    for word in text:
        counts[word] = counts.get(word, 0) + 1
    print(len(counts), max(counts.values()))
    index = {}
    for place, word in enumerate(text):
        index.setdefault(word, []).append(place)
    document = json.dumps({"counts": counts, "index": index})
    print(len(document))
    print(sum(len(v) for v in json.loads(document)["index"].values()))
    parts = []
    for i in range(60000):
        parts.append("%d:%s" % (i, text[i].upper()))
        if len(parts) > 500:
            del parts[::2]
    print(len(",".join(parts)))
    pairs = sorted(((n, w) for w, n in counts.items()), reverse=True)
    print(pairs[:3])


main()
