"""Check that the library compresses with each of its codecs and gives back what it was given."""

import ctypes
import os
import sys

DATA = bytes(range(64)) * 4096

library = ctypes.CDLL(os.path.join(sys.prefix, "lib", "libblosc2.so"))
library.blosc1_set_compressor.restype = ctypes.c_int
library.blosc2_init()
for codec in (b"blosclz", b"lz4", b"lz4hc", b"zlib", b"zstd"):
    assert library.blosc1_set_compressor(codec) >= 0, f"no codec {codec.decode()}"
    packed = ctypes.create_string_buffer(len(DATA) + 64)
    size = library.blosc1_compress(
        5, 1, ctypes.c_size_t(4), ctypes.c_size_t(len(DATA)), DATA, packed, ctypes.c_size_t(len(packed))
    )
    assert 0 < size < len(DATA) // 10, f"{codec.decode()} made {size} bytes of {len(DATA)}"
    back = ctypes.create_string_buffer(len(DATA))
    found = library.blosc1_decompress(packed, back, ctypes.c_size_t(len(DATA)))
    assert found == len(DATA), f"{codec.decode()} gives back {found} bytes"
    assert back.raw == DATA, f"{codec.decode()} gives back something else"
library.blosc2_destroy()
