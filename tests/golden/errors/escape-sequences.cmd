skiff version "--$(printf "\033[31m")"
