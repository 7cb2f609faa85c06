-- Rows, indices, joins and updates; every value follows from its number.
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -64000;
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, city INTEGER, age INTEGER);
CREATE TABLE cities (id INTEGER PRIMARY KEY, name TEXT, area REAL);
CREATE TABLE visits (person INTEGER, city INTEGER, note TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO cities SELECT i, printf('city %d', i * 7919 % 1009), i * 1.5 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO people SELECT i, printf('person %x', i * 2654435761 % 4294967296),
	i * 31 % 500 + 1, i * 17 % 90 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
INSERT INTO visits SELECT i * 7 % 60000 + 1, i * 13 % 500 + 1,
	substr('a note of some length that differs from row to row', 1, i % 50)
	FROM n;
CREATE INDEX people_name ON people (name);
CREATE INDEX people_city ON people (city);
CREATE INDEX visits_person ON visits (person);
SELECT cities.name, count(*), avg(age) FROM people JOIN cities
	ON people.city = cities.id GROUP BY cities.id ORDER BY 2 DESC, 1 LIMIT 20;
SELECT people.name, count(*) FROM people JOIN visits ON visits.person = people.id
	GROUP BY people.id ORDER BY 2 DESC, 1 LIMIT 20;
UPDATE people SET name = name || ' of ' || city WHERE age > 40;
DELETE FROM visits WHERE city % 3 = 0;
SELECT length(group_concat(note, ',')) FROM visits;
SELECT substr(name, 1, 8) AS start, count(*) FROM people GROUP BY start
	ORDER BY 2 DESC, 1 LIMIT 20;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
SELECT sum(length(name)) FROM n JOIN people ON people.id = n.i * 3 % 60000 + 1;
SELECT count(*), sum(length(note)) FROM visits;
