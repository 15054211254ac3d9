"""See whether and why representations collapse, and train without collapse: measures, views, loaders.

    >>> import directclr
    >>> directclr.spectrum(features)          # rows (N, D): NumPy, torch, JAX, a file, or blocks of rows
    >>> for batch in directclr.Loader("folder:photos"): ...

`directclr.torch` has what needs PyTorch: `watch`, losses, LARS, projectors.
"""

from directclr._core import Error, InputError, NumericalError
from directclr._core import version as __version__
from directclr._explain import Explanation, explain
from directclr._geometry import CKA, Neighbours, alignment, cka, lidar, neighbours, uniformity
from directclr._loader import Batch, Loader, Source
from directclr._program import run
from directclr._runs import Run, load
from directclr._spectrum import Moments, Spectrum, alpha, effective_rank, rankme, spectrum
from directclr._training import GateFailure, reproduce, train
from directclr._views import TwoView

Error.__doc__ = "Anything else that the native part reports."
InputError.__doc__ = "What was given does not fit: one line that says what, where, and what would do. A ValueError."
NumericalError.__doc__ = "Numbers that are not finite. An ArithmeticError."

__all__ = [
    "Batch",
    "CKA",
    "Error",
    "Explanation",
    "GateFailure",
    "InputError",
    "Loader",
    "Moments",
    "Neighbours",
    "NumericalError",
    "Run",
    "Source",
    "Spectrum",
    "TwoView",
    "__version__",
    "alignment",
    "alpha",
    "cka",
    "effective_rank",
    "explain",
    "lidar",
    "load",
    "neighbours",
    "rankme",
    "reproduce",
    "run",
    "spectrum",
    "train",
    "uniformity",
]
