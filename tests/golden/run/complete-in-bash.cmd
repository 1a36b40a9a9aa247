cat >try <<'END'
compopt() { echo "compopt $*"; }
source "$SKIFF_SOURCES/completions/skiff.bash"
try() { COMP_LINE=$1 COMP_POINT=${#1}; _skiff_complete; echo "$1: ${COMPREPLY[*]}"; }
try 'skiff run --network=h'
try 'skiff run --network '
try 'skiff run -it --secu'
END
bash try
