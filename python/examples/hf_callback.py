"""The watch in transformers' Trainer: a tiny BERT with SimCSE's loss, two dropout masks as the two views."""

import tempfile

import torch
from torch import nn
from transformers import BertConfig, BertModel, Trainer, TrainingArguments

import directclr.torch as dt
from directclr.torch.integrations import TrainerWatch


class SimCSE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bert = BertModel(BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                                         intermediate_size=64, max_position_embeddings=16), add_pooling_layer=False)

    def forward(self, input_ids):
        z_a, z_b = self.bert(torch.cat([input_ids, input_ids])).last_hidden_state[:, 0].chunk(2)
        return {"loss": dt.info_nce(z_a, z_b, tau=0.05)}


torch.manual_seed(0)
sentences = [{"input_ids": torch.randint(0, 50, (8,))} for _ in range(640)]
callback = TrainerWatch("bert", pool="cls", every=5, warmup=10, on_warning=lambda line: print("warning:", line))
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(folder, per_device_train_batch_size=32, num_train_epochs=1, use_cpu=True,
                                  report_to=[], disable_tqdm=True, save_strategy="no", logging_steps=10)
    trainer = Trainer(SimCSE(), arguments, train_dataset=sentences, callbacks=[callback])
    trainer.train()
for entry in trainer.state.log_history:
    if "collapse/bert/effective_rank" in entry:
        print(f"step {entry['step']}: effective rank {entry['collapse/bert/effective_rank']:.1f} of 32")
