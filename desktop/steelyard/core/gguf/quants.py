"""Names of quants, and how many bits they spend on a weight."""

from __future__ import annotations

import re

# general.file_type -> quant; llama.h, enum llama_ftype.
FILE_TYPES = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S"},
    **{12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K"},
    **{19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL"},
    **{26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16"},
    **{36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4"},
}
# Bits a weight of a whole 7B to 8B model, rounded; only for estimates where the parameters are not known.
_TYPICAL_BITS = {
    **{"F32": 32.0, "F16": 16.0, "BF16": 16.0, "Q8_0": 8.5, "Q6_K": 6.6, "Q5_K_M": 5.7, "Q5_K_S": 5.5},
    **{"Q5_0": 5.5, "Q5_1": 6.0, "Q4_K_M": 4.9, "Q4_K_S": 4.6, "Q4_0": 4.6, "Q4_1": 5.0, "IQ4_NL": 4.5},
    **{"IQ4_XS": 4.3, "MXFP4": 4.3, "NVFP4": 4.5, "Q3_K_L": 4.3, "Q3_K_M": 3.9, "Q3_K_S": 3.5},
    **{"IQ3_M": 3.7, "IQ3_S": 3.5, "IQ3_XS": 3.3, "IQ3_XXS": 3.1, "Q2_K": 3.2, "Q2_K_S": 3.0, "IQ2_M": 2.7},
    **{"IQ2_S": 2.5, "IQ2_XS": 2.4, "IQ2_XXS": 2.1, "IQ1_M": 1.8, "IQ1_S": 1.6, "TQ2_0": 2.1, "TQ1_0": 1.7},
}
_QUANT = re.compile(
    r"(?<![A-Z0-9])((?:UD-)?(?:I?Q\d_(?:K_(?:XXL|XL|L|M|S)|K|[01](?:_\d_\d)*|XXS|XS|NL|[SML])|I?Q\d|TQ[12]_0"
    r"|BF16|F16|FP16|F32|FP32|MXFP4(?:_MOE)?|NVFP4))(?![A-Z0-9])",
    re.IGNORECASE,
)
_LONG_FORMS = {"FP16": "F16", "FP32": "F32", "MXFP4_MOE": "MXFP4"}


def quant_in_name(file_name: str) -> str | None:
    """The quant that a file's name tells, in capitals: `model.q4_k_m.gguf` is Q4_K_M. The last one counts."""
    found = _QUANT.findall(file_name)
    if not found:
        return None
    name = str(found[-1]).upper()
    return _LONG_FORMS.get(name, name)


def typical_bits(quant: str | None) -> float | None:
    """Bits per weight that a quant usually takes over a whole model; None for one that is not known."""
    if quant is None:
        return None
    plain = quant.removeprefix("UD-")
    return _TYPICAL_BITS.get(plain) or _TYPICAL_BITS.get(re.sub(r"_(XXL|XL|L)$", "_M", plain))
