# Joins its input, in the frames that relay.sh tells of, and its output to a port of the session.
use strict;
use warnings;
use Socket;

my $port = shift;
sub write_all {
    my ($to, $chunk) = @_;
    while (length $chunk) {
        my $written = syswrite($to, $chunk) or return 0;
        substr($chunk, 0, $written) = "";
    }
    return 1;
}

sub exactly {
    my ($length) = @_;
    my $chunk = "";
    while (length $chunk < $length) {
        sysread(STDIN, $chunk, $length - length $chunk, length $chunk) or return undef;
    }
    return $chunk;
}

$SIG{PIPE} = "IGNORE";
my $served;
socket($served, PF_INET, SOCK_STREAM, 0)
    && connect($served, pack_sockaddr_in($port, inet_aton("127.0.0.1")))
    or do { print STDERR "sessiontui: port $port takes no connection: $!\n"; exit 1 };
# TCP_NODELAY: what is asked in small pieces is answered at once.
setsockopt($served, 6, 1, 1);
write_all(\*STDOUT, "framed\n");

my $parent = $$;
my $child = fork;
exit 1 unless defined $child;
if ($child == 0) {
    close STDOUT;
    while (defined(my $header = exactly(2))) {
        my $length = unpack "n", $header;
        if ($length == 0) {
            shutdown($served, 1);
            next;
        }
        my $chunk = exactly($length);
        last unless defined $chunk;
        # What the port does not take any more is thrown away.
        write_all($served, $chunk);
    }
    kill "KILL", $parent;
    exit 0;
}
while (sysread($served, my $chunk, 65536)) {
    write_all(\*STDOUT, $chunk) or last;
}
kill "KILL", $child;
waitpid $child, 0;
