#!/usr/bin/env python3
"""Writes one matrix in many ways to tests/fixtures/files/tables, for the readers' tests: text in many dialects, and a
few arrays.

    .deps/peers/bin/python tools/goldens/make_table_fixtures.py     needs pandas besides the peers

All hold rows i = 0 .. 19, columns j = 0 .. 2 of sin(i + 10 j) in float64, with digits enough to read back the same numbers:
what pandas, numpy.savetxt, Excel and R write of it, with indices, labels and names beside it.
"""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import save_file

OUT = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "files" / "tables"
OUT.mkdir(exist_ok=True)
i, j = np.mgrid[0:20, 0:3]
matrix = np.sin(i + 10.0 * j)
names = ["a", "b", "c"]
plain = pd.DataFrame(matrix)
named = pd.DataFrame(matrix, columns=names)


def text(name, content, encoding="utf-8"):
    (OUT / name).write_bytes(content.encode(encoding))


def lines(separator, number=repr, end="\n", heading=None):
    rows = [separator.join(number(float(v)) for v in row) for row in matrix]
    return end.join(([heading] if heading else []) + rows) + end


# pandas
plain.to_csv(OUT / "pandas.csv")
plain.to_csv(OUT / "pandas_no_index.csv", index=False)
plain.to_csv(OUT / "pandas_no_heading.csv", header=False, index=False)
plain.to_csv(OUT / "pandas_index_alone.csv", header=False)
plain.sample(frac=1, random_state=3).sort_index().to_csv(OUT / "pandas_digits.csv", float_format="%.17g")
named.to_csv(OUT / "pandas_names.csv", index=False)
named.to_csv(OUT / "pandas_tabs.tsv", sep="\t")
named.to_csv(OUT / "pandas_semicolons.csv", sep=";", decimal=",", index=False)
named.to_csv(OUT / "pandas_commas_in_quotes.csv", sep=",", decimal=",", index=False)
named.to_csv(OUT / "pandas_pipes.txt", sep="|", index=False)
named.to_csv(OUT / "pandas_quoted.csv", quoting=csv.QUOTE_ALL, index=False)
named.to_csv(OUT / "pandas_quoted_words.csv", quoting=csv.QUOTE_NONNUMERIC)
plain.to_csv(OUT / "pandas_quoted_numbers.csv", quoting=csv.QUOTE_ALL)
named.to_csv(OUT / "pandas_crlf.csv", index=False, lineterminator="\r\n")
named.to_csv(OUT / "pandas_excel.csv", index=False, encoding="utf-8-sig", sep=";", decimal=",")
named.assign(label=np.arange(20) % 4).to_csv(OUT / "pandas_labels.csv", index=False)
named.assign(path=[f"img, {k}.jpg" for k in range(20)], target=1)[["path", *names, "target"]].to_csv(
    OUT / "pandas_paths.csv", index=False)
named.assign(note=[f'he said "{k}"\nand left' for k in range(20)]).to_csv(OUT / "pandas_notes.csv", index=False)
named.set_index(np.random.default_rng(0).permutation(20)).to_csv(OUT / "pandas_shuffled.csv")
named.rename_axis("id").to_csv(OUT / "pandas_id.csv")

# numpy.savetxt
np.savetxt(OUT / "savetxt.txt", matrix)
np.savetxt(OUT / "savetxt.csv", matrix, delimiter=",")
np.savetxt(OUT / "savetxt_names.txt", matrix, header="a b c")
np.savetxt(OUT / "savetxt_title.TXT", matrix, fmt="%+25.17e", header="features of a network\n20 rows", footer="the end")
np.savetxt(OUT / "savetxt_counted.csv", matrix, delimiter=",", header="0,1,2", comments="")
np.savetxt(OUT / "savetxt_index.csv", np.c_[np.arange(20), matrix], delimiter=", ", header="id, a, b, c", comments="")
np.savetxt(OUT / "savetxt_index_alone.csv", np.c_[np.arange(20), matrix], delimiter=",")

# Excel, R, and by hand
text("excel.csv", "sep=;\r\n" + lines(";", lambda v: repr(v).replace(".", ","), "\r\n", "a;b;c"))
text("old_mac.csv", lines(",", end="\r", heading="a,b,c"))
text("r_table.txt", '"a" "b" "c"\n' + "".join(f'"{k + 1}" ' + " ".join(map(repr, row)) + "\n" for k, row in enumerate(matrix.tolist())))
text("blanks.txt", "\n".join("   " + "   ".join(f"{v: .17e}" for v in row) + "  " for row in matrix))
text("decimal_commas.txt", lines(" ", lambda v: repr(v).replace(".", ",")))
text("trailing.csv", "a,b,c,\n" + "".join(",".join(map(repr, row)) + ",\n" for row in matrix.tolist()))
text("gaps_of_lines.tsv", "\n# by hand\na\tb\tc\n\n" + lines("\t") + "\n\n")

# Arrays
np.save(OUT / "array.npy", matrix)
np.savez(OUT / "array.npz", rows=matrix)
np.savez_compressed(OUT / "compressed.npz", rows=matrix, labels=np.arange(20))
np.save(OUT / "maps_of_one.npy", matrix[:, :, None, None])
save_file({"rows": matrix}, OUT / "array.safetensors")
torch.save({"rows": torch.from_numpy(matrix)}, OUT / "array.pt")
np.save(OUT / "single.npy", matrix.astype("f4"))
np.save(OUT / "half.npy", matrix.astype("f2"))

# Tokens (20, 5, 3) whose mean is the matrix and whose first is another; the same as maps (20, 3, 2, 2) and (20, 2, 2, 3).
shift = np.array([-1.0, 0.5, 0.25, 0.125, 0.125])
np.save(OUT.parent / "tokens.npy", (matrix[:, None, :] + shift[:, None]).astype("f4"))
corners = np.array([[-1.0, 1.0], [0.5, -0.5]])
np.save(OUT.parent / "maps.npy", (matrix[:, :, None, None] + corners).astype("f4"))
np.save(OUT.parent / "maps_channels_last.npy", (matrix[:, None, None, :] + corners[:, :, None]).astype("f4"))

# (300, 4) of which rows 1, 4, 6, 9, 11, .. are not finite: in turn a NaN, an infinity and a negative infinity.
holes = np.random.default_rng(1).standard_normal((300, 4)).astype("f2")
bad = np.flatnonzero(np.isin(np.arange(300) % 5, (1, 4)))
holes[bad, bad % 4] = np.resize([np.nan, np.inf, -np.inf], len(bad))
np.save(OUT.parent / "nonfinite.npy", holes)
