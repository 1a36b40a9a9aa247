skiff version | sed -E "s/(Kernel:|Compiler:|OS\/Arch:|Linked:)( +).*/\1\2X/"
