use strict;
use warnings;
use IO::Socket::INET;

my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 16, ReuseAddr => 1)
    or die "cannot listen: $!\n";
print STDERR "listening on 8080\n";
while (my $client = $server->accept) {
    print $client "HTTP/1.0 200 OK\r\n\r\nok\n";
    close $client;
}
