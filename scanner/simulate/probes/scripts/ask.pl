# Runs in a container, with whatever Perl 5 it has. Tells which hashes Perl's own modules compute,
# and which OpenSSL it reaches, where it has a module for that.
use strict;
use warnings;
$| = 1;

sub tell_it {
    my ($kind, $name, $worked, $why) = @_;
    for ($name, $why) { $_ = '' unless defined; s/[^ !#-\[\]-~]/?/g; $_ = substr($_, 0, 150); }
    printf qq({"kind":"%s","name":"%s","worked":%s,"why":"%s"}\n), $kind, $name,
        $worked ? 'true' : 'false', $why;
}

sub attempt {
    my ($kind, $name, $work) = @_;
    my $worked = eval { $work->(); 1 };
    tell_it($kind, $name, $worked, $worked ? '' : $@);
}

if (eval { require Digest::MD5; 1 }) {
    attempt('builtin-digest', 'MD5', sub { Digest::MD5::md5('probe') });
}
if (eval { require Digest::SHA; 1 }) {
    for my $size (1, 256, 512) {
        attempt('builtin-digest', "SHA$size", sub { Digest::SHA->new($size)->add('probe')->digest });
    }
}
if (eval { require Net::SSLeay; 1 }) {
    Net::SSLeay::initialize() if defined &Net::SSLeay::initialize;
    tell_it('library', Net::SSLeay::SSLeay_version(0), 1);
    for my $name ('MD5', 'SHA1', 'SHA256', 'RIPEMD160') {
        attempt('digest', $name, sub {
            my $digest = Net::SSLeay::EVP_get_digestbyname($name) or die "not known\n";
            defined Net::SSLeay::EVP_Digest('probe', $digest) or die "refused\n";
        });
    }
}
tell_it('end', 'complete', 1);
