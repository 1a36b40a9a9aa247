cat >try <<'END'
compopt() { echo "compopt $*"; }
source "$SKIFF_SOURCES/completions/skiff.bash"
try() { COMP_LINE=$1 COMP_POINT=${#1}; _skiff_complete; echo "$1: ${COMPREPLY[*]}"; }
try 'skiff vers'
try 'skiff --root '
try 'skiff --config=/x'
try 'skiff help versio'
END
bash try
