"""Denoising autoencoder: the photo again, without the noise and with the pixels that were blackened."""

import torch
from torch import Tensor
from torch.nn import functional

from methods.method import Batch, Method, Setting
from parts.decoder import Decoder
from views import CROPPED

NOISE = 0.4  # deviation, of values from -1 to 1
DROPPED = 0.25  # of the pixels


class Denoising(Method):
    source = "Vincent et al. 2008, Extracting and composing robust features with denoising autoencoders"
    least, smallest = 1000, 8

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.decoder = Decoder(self.width, 3, setting.side)

    def loss(self, batch: Batch) -> Tensor:
        x = batch.view(CROPPED)
        noisy = x + NOISE * torch.randn_like(x)
        noisy = torch.where(torch.rand_like(x[:, :1]) < DROPPED, 0.0, noisy)
        found = self.decoder(self.encoder.maps(noisy))
        return functional.mse_loss(found, functional.adaptive_avg_pool2d(x, found.shape[2:]))
