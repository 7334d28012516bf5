"""ClusterFit: learn the clusters of another encoder's embeddings (--teacher), found once."""

from methods.deepcluster import DeepCluster
from methods.method import Setting
from parts.clusters import kmeans
from parts.teacher import Teacher


class ClusterFit(DeepCluster):
    source = "Yan et al. 2020, ClusterFit: improving generalization of visual representations"
    least, taught = 1000, True

    def __init__(self, encoder, setting: Setting) -> None:
        super().__init__(encoder, setting)
        self.teacher = Teacher(setting.teacher)

    def begin_epoch(self, epoch: int, embed) -> None:
        if epoch == 0:
            self.labelled_anew(kmeans(embed(self.teacher), self.head.out_features, [self.setting.seed])[1])
