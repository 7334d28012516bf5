"""IIC: the cluster of one view says as much as it can about the cluster of another."""

from torch import Tensor, nn

from methods.method import Batch, Method, Setting

CLUSTERS, HEADS = 32, 3


def information(a: Tensor, b: Tensor) -> Tensor:
    """Mutual information of distributions over clusters [n, k], paired by rows."""
    joint = a.T @ b / len(a)
    joint = ((joint + joint.T) / 2).clamp_min(1e-8)
    return (joint * (joint.log() - joint.sum(0).log() - joint.sum(1, keepdim=True).log())).sum()


class IIC(Method):
    source = "Ji et al. 2019, Invariant information clustering for unsupervised image classification and segmentation"
    least, smallest = 1000, 32  # the joint distribution of 32 clusters is that of the batch

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.heads = nn.ModuleList(nn.Linear(self.width, CLUSTERS) for _ in range(HEADS))

    def loss(self, batch: Batch) -> Tensor:
        a, b = self.encoder(batch.view()), self.encoder(batch.view())
        return -sum(information(head(a).softmax(1), head(b).softmax(1)) for head in self.heads) / HEADS
