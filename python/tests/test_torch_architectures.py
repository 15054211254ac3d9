"""What layers of many kinds of network give, watched."""

import dataclasses
from typing import Optional

import pytest

torch = pytest.importorskip("torch")
from torch import nn

import directclr
from directclr.torch import watch

D, N = 12, 150
IMAGES = torch.randn(N, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def check(watched, rows):
    """The watch's last reading is of these rows (N, D)."""
    expected = directclr.spectrum(rows)
    assert watched.last["dimensions"] == rows.shape[1] and watched.last["rows"] == len(rows)
    assert watched.values == pytest.approx(expected.values.tolist(), rel=1e-3, abs=1e-5 * float(expected.values[0]))
    assert watched.last["effective_rank"] == pytest.approx(expected["effective-rank"], rel=1e-3)


def vision_transformer():
    models = pytest.importorskip("torchvision.models")
    torch.manual_seed(1)
    net = models.VisionTransformer(16, 4, num_layers=2, num_heads=2, hidden_dim=D, mlp_dim=24, num_classes=7)
    nn.init.normal_(net.heads.head.weight)  # which begins as zeros
    return net


def tokens_of(net):
    """(N, 1 + 16, D) after each block, after the last norm, and out of the first block's attention."""
    x = net._process_input(IMAGES)
    x = torch.cat([net.class_token.expand(N, -1, -1), x], 1) + net.encoder.pos_embedding
    first = net.encoder.layers[0]
    query = first.ln_1(x)
    attended = first.self_attention(query, query, query, need_weights=False)[0]
    after = []
    for block in net.encoder.layers:
        x = block(x)
        after.append(x)
    return [*after, net.encoder.ln(x), attended]


def test_every_layer_of_a_vision_transformer_by_token_and_mean():
    net = vision_transformer()
    blocks = "encoder.layers.encoder_layer_"
    asked = [(blocks + "0", "auto"), (blocks + "0", "cls"), (blocks + "1", "mean"), (blocks + "1", "cls"),
             (blocks + "1", lambda x: x[:, 1:].mean(1)), ("encoder.ln", "cls"), (blocks + "0.self_attention", "cls"),
             ("conv_proj", "auto"), (None, "auto")]
    watches = [watch(net, layer, every=1, pool=pool) for layer, pool in asked]
    net(IMAGES).sum().backward()
    for one in watches:
        one.close()
    with torch.no_grad():
        block0, block1, last, attended = tokens_of(net)
        expected = [block0.mean(1), block0[:, 0], block1.mean(1), block1[:, 0], block1[:, 1:].mean(1), last[:, 0],
                    attended[:, 0], net.conv_proj(IMAGES).mean((2, 3)), net(IMAGES)]
    for one, rows in zip(watches, expected):
        check(one, rows)
    assert net.class_token.grad is not None, "the watch leaves the graph alone"


def test_maps_with_channels_last_are_refused_until_it_is_said_how_to_pool():
    models = pytest.importorskip("torchvision.models")
    torch.manual_seed(2)
    net = models.SwinTransformer([2, 2], D, [1, 1], [2, 2], [2, 2], stochastic_depth_prob=0, num_classes=5)
    w = watch(net, "features.1", every=1)
    with pytest.raises(ValueError, match=r"\(150, 8, 8, 12\) of features.1 may be \(N, H, W, C\): give pool=lambda x: x.mean\("):
        net(IMAGES)
    w.close()
    w, after = watch(net, "features.1", every=1, pool=lambda x: x.mean((1, 2))), watch(net, "permute", every=1)
    net(IMAGES)
    w.close(), after.close()
    with torch.no_grad():
        check(w, net.features[1](net.features[0](IMAGES)).mean((1, 2)))
        check(after, net.permute(net.norm(net.features(IMAGES))).mean((2, 3)))


class Named(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, x):
        return self.part(x)


@pytest.mark.parametrize("part, pool, rows", [
    (lambda: nn.TransformerEncoderLayer(D, 2, 24, dropout=0), lambda x: x.mean(0), lambda y: y.mean(0)),
    (lambda: nn.LSTM(D, D), lambda x: x[0][-1], lambda y: y[0][-1])])
def test_tokens_that_come_first_are_refused_until_it_is_said_how_to_pool(part, pool, rows):
    torch.manual_seed(3)
    net, x = Named(part()), torch.randn(9, N, D)
    for how, hint in (("auto", r"x.mean\(0\)"), ("cls", r"x\[0\]")):
        w = watch(net, "part", every=1, pool=how)
        with pytest.raises(ValueError, match=r"\(9, 150, 12\) of part may be \(T, N, D\).*" + hint):
            net(x)
        w.close()
    w, meant = watch(net, "part", every=1, pool=pool), watch(net, "part", every=1, pool="mean")
    y = net(x)
    check(w, rows(y).detach())
    assert meant.last["rows"] == 9, "said to be (N, T, D)"


def test_a_map_has_no_class_token():
    net = Named(nn.Conv2d(3, D, 3))
    watch(net, "part", every=1, pool="cls")
    with pytest.raises(ValueError, match=r"\(150, 12, 14, 14\) of part has no token 0"):
        net(IMAGES)


@dataclasses.dataclass
class Output:
    loss: Optional[torch.Tensor]
    hidden: torch.Tensor


class Classifier(nn.Module):
    def forward(self, x, loss=None):
        return Output(loss, x)


def test_of_a_dataclass_the_first_tensor_of_rows_counts():
    x = torch.randn(N, D)
    net = Classifier()
    w = watch(net, every=1)
    net(x)
    check(w, x)
    behind_a_loss = watch(net, every=1)
    net(x, x.sum())
    check(behind_a_loss, x)
    with pytest.raises(ValueError, match=r"expected floating rows \(N, D\) of Classifier, got \(\) torch.float32; give pool="):
        net(x.sum())


def test_outputs_of_transformers():
    transformers = pytest.importorskip("transformers", reason="the package transformers is not installed")
    torch.manual_seed(4)
    shape = transformers.ViTConfig(hidden_size=D, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, image_size=16,
                                   patch_size=4, hidden_dropout_prob=0, attention_probs_dropout_prob=0, num_labels=5)
    net = transformers.ViTModel(shape).train()
    watches = [watch(net, every=1, pool=pool) for pool in ("cls", "auto", lambda out: out.pooler_output)]
    out = net(IMAGES)
    with torch.no_grad():
        hidden = out.last_hidden_state
        for w, rows in zip(watches, (hidden[:, 0], hidden.mean(1), out.pooler_output)):
            check(w, rows.detach())
    classifier = transformers.ViTForImageClassification(shape).train()
    w = watch(classifier, every=1)
    classifier(IMAGES)
    assert w.last["dimensions"] == 5
    classifier(IMAGES, labels=torch.zeros(N, dtype=torch.long))  # whose first output is the loss
    assert w.last["dimensions"] == 5 and len(w.history) == 2
    with pytest.raises(directclr.InputError, match="BaseModelOutput.* of last_hidden_state, .*: give one of them"):
        directclr.spectrum(out)
