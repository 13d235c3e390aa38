"""What the operating system is asked for: files, folders, paths, signals, the machine itself.

``disk.py`` is the only place that writes, ``foreign_files.py`` reads what may be a stranger's.
"""
