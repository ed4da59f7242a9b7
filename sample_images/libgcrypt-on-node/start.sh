#!/bin/sh
set -e
apt-get check
exec perl /usr/local/bin/serve.pl
