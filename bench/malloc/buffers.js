// Objects, maps and buffers, of which only the last come from malloc.
let state = 1;

function number(bound) {
	state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
	return (state >>> 8) % bound;
}

const kept = new Array(2000).fill(null);
let total = 0;
for (let i = 0; i < 60000; i++) {
	const buffer = Buffer.alloc(64 + number(16000));
	buffer.writeUInt32LE(i, buffer.length - 4);
	const slot = number(kept.length);
	if (kept[slot] !== null)
		total += kept[slot].readUInt32LE(kept[slot].length - 4) & 15;
	kept[slot] = buffer;
}
console.log(total);

const counts = new Map();
for (let i = 0; i < 200000; i++) {
	const word = 'word' + number(20000);
	counts.set(word, (counts.get(word) || 0) + 1);
}
console.log(counts.size, Math.max(...counts.values()));

const text = JSON.stringify([...counts]);
console.log(text.length, JSON.parse(text).length);
console.log(Buffer.concat(kept.filter((b) => b !== null)).length);
