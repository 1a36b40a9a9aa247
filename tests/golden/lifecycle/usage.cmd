. "$SKIFF_SOURCES/tests/golden/lifecycle/prepare"
for verb in start stop restart kill pause unpause wait rm top rename; do try $verb; done
try stop --all web
try stop --all --latest
try kill -s BOGUS web
try stop -s BOGUS web
try restart --running web
try wait --condition bogus web
try rm -t 1 web
try rm -l web
try rm --filter bogus=1
try start -a web db
try attach -l web
try inspect -l web
