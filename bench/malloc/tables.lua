-- Tables, strings and closures.
local state = 1
local function number(bound)
	state = (state * 1103515245 + 12345) % 2147483648
	return (state >> 8) % bound
end

local function tree(depth)
	if depth == 0 then return { value = number(100) } end
	return { left = tree(depth - 1), right = tree(depth - 1) }
end

local function sum(node)
	if node.value then return node.value end
	return sum(node.left) + sum(node.right)
end

local total = 0
for _ = 1, 20 do total = total + sum(tree(13)) end
print(total)

local counts, order = {}, {}
for _ = 1, 150000 do
	local word = "word" .. number(20000)
	if not counts[word] then order[#order + 1] = word end
	counts[word] = (counts[word] or 0) + 1
end
table.sort(order, function(a, b)
	if counts[a] ~= counts[b] then return counts[a] > counts[b] end
	return a < b
end)
print(#order, order[1], counts[order[1]])

local parts = {}
for i = 1, 60000 do
	parts[#parts + 1] = string.format("%d:%s", i, order[i % #order + 1])
	if #parts > 1000 then parts = { table.concat(parts, ",") } end
end
print(#table.concat(parts, ","))

local calls = {}
for i = 1, 60000 do calls[i] = function(x) return x + i end end
local result = 0
for i = 1, #calls do result = calls[i](result) % 1000003 end
print(result)
