"""directclr for PyTorch: losses, LARS, projectors, gradient caching, and a watch for collapse in any training loop.

For PyTorch 2.0 or later, whichever: the compiled part, which judges and runs inner loops, does not know it. Callbacks
and metrics of other packages stand in directclr.torch.integrations.
"""

from .cached_step import cached_step
from .forgetting_covariance import ForgettingCovariance
from .lars import LARS
from .losses import info_nce, nt_xent, spectral
from .projector import Projector, projector_kinds
from .relatives import align_uniform, barlow_twins, vicreg
from .resnet import ResNet
from .schedule import cosine_schedule
from .watch import Collapsed, CollapseWarning, Watch, watch

__all__ = ["Collapsed", "CollapseWarning", "ForgettingCovariance", "LARS", "Projector", "ResNet", "Watch",
           "align_uniform", "barlow_twins", "cached_step", "cosine_schedule", "info_nce", "nt_xent", "projector_kinds",
           "spectral", "vicreg", "watch"]
