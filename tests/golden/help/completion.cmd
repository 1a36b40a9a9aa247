skiff completion bash | head -n 1
for shell in bash zsh fish; do skiff completion $shell | grep -c '__complete'; done
skiff completion ksh
