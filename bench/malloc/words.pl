# Hashes, strings and regular expressions.
use strict;
use warnings;

my ($state, %count, %places, @lines) = (1);

sub next_number {
	$state = ($state * 1103515245 + 12345) % 2147483648;
	return $state >> 8;
}

for my $i (1 .. 25000) {
	push @lines, join ' ', map { 'word' . next_number() % 4000 } 1 .. 8;
}
for my $i (0 .. $#lines) {
	for my $word (split / /, $lines[$i]) {
		$count{$word}++;
		push @{ $places{$word} }, $i;
	}
}
my @sorted = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
print "$_ $count{$_}\n" for @sorted[0 .. 9];

my ($found, $length) = (0, 0);
for my $line (@lines) {
	my $copy = $line;
	$found++ while $line =~ /word(\d*7)\b/g;
	$copy =~ s/word(\d+)/<$1>/g;
	$length += length $copy;
}
print "$found $length\n";

my $text = '';
$text .= substr($lines[$_], 0, $_ % 30) . "\n" for 0 .. $#lines;
print length($text), "\n";
my %trees = map { $_ => { name => $_, list => [ 1 .. $_ % 9 ] } } 1 .. 20000;
delete $trees{$_} for grep { $_ % 3 } keys %trees;
print scalar(keys %trees), "\n";
