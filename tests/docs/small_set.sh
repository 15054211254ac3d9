# Sourced by the tests here: small_set FOLDER TRAIN TEST writes the first images of Fashion-MNIST as an IDX set.
fashion=/usr/share/datasets/fashion-mnist
big_endian() { printf "\\$(printf %03o $(($1 >> 24 & 255)))\\$(printf %03o $(($1 >> 16 & 255)))\\$(printf %03o $(($1 >> 8 & 255)))\\$(printf %03o $(($1 & 255)))"; }
small_set() {
  mkdir -p "$1"
  local prefix count
  for prefix in train t10k; do
    count=$2
    [ $prefix = t10k ] && count=$3
    zcat "$fashion/$prefix-images-idx3-ubyte.gz" >"$1/all"
    { printf '\0\0\010\003'; big_endian "$count"; big_endian 28; big_endian 28
      dd if="$1/all" bs=4M iflag=skip_bytes,count_bytes skip=16 count=$((784 * count)) status=none; } >"$1/$prefix-images-idx3-ubyte"
    zcat "$fashion/$prefix-labels-idx1-ubyte.gz" >"$1/all"
    { printf '\0\0\010\001'; big_endian "$count"
      dd if="$1/all" bs=4M iflag=skip_bytes,count_bytes skip=8 count="$count" status=none; } >"$1/$prefix-labels-idx1-ubyte"
    rm "$1/all"
  done
}
