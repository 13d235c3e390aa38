"""dltrain: train models from the shell.

Folders by what they hold, from the ground up; each may import those above it (see
``tests/test_house.py``), and nothing imports ``cli``:

    text, metrics, system    the ground: text for people, what a metric is, the operating system
    config, data, nn         what a run is told; what it learns from; what learns
    runs, plots              run folders, read and written; pictures of them
    train, inference, sweep  training; a saved model put to use; many runs at once
    report, cli              one HTML page; the command line

Begin with ``train/session.py`` to see a run from its config to its folder, and with
``train/steps.py`` for the loop itself.
"""

__version__ = "0.1.0"
