"""The watch in lightning: a LightningModule that knows nothing of it, and a training that stops when it collapses."""

import lightning.pytorch as pl
import torch
from torch import nn

import directclr.torch as dt
from directclr.torch.integrations import LightningWatch


class Contrastive(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(32, 32, bias=False)

    def training_step(self, batch, index):
        (x,) = batch
        augmented = x + 3 * (torch.arange(32) >= 8) * torch.randn_like(x)  # noise on three quarters: too strong
        z_a, z_b = self.encoder(torch.cat([x, augmented])).chunk(2)
        loss = dt.info_nce(z_a, z_b, tau=0.1)
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.5, momentum=0.9)


torch.manual_seed(0)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(2560, 32)), batch_size=128)
callback = LightningWatch("encoder", every=20, warmup=20, stop_under="rank=0.3D",
                          on_warning=lambda line: print("warning:", line))
trainer = pl.Trainer(max_epochs=10, callbacks=[callback], accelerator="cpu", logger=False, enable_checkpointing=False,
                     enable_progress_bar=False, enable_model_summary=False)
trainer.fit(Contrastive(), data)
print("stopped:", callback.stopped)
print({name: round(float(value), 2) for name, value in trainer.callback_metrics.items()})
