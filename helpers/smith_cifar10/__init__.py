"""L. N. Smith's CIFAR-10 experiment (arXiv:1506.01186, section 4.1) at its own size."""

from helpers.smith_cifar10.experiment import smith_cifar10
from helpers.smith_cifar10.network import build_caffe_net
from helpers.smith_cifar10.policies import POLICIES
from helpers.smith_cifar10.records import curves

__all__ = ["POLICIES", "build_caffe_net", "curves", "smith_cifar10"]
