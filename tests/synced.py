"""What of a SQLite database would survive a power cut at this very moment.

A shim around SQLite's own file system layer: at each `xSync` the file as it is then is
put aside. What was written and not synced is not there, as if the disk had lost all of
it. Python's `sqlite3` and this file use the same library of the process.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FIRST = ("iVersion", ctypes.c_int)
_METHODS = [
    "xClose",
    "xRead",
    "xWrite",
    "xTruncate",
    "xSync",
    "xFileSize",
    "xLock",
    "xUnlock",
    "xCheckReservedLock",
    "xFileControl",
    "xSectorSize",
    "xDeviceCharacteristics",
    "xShmMap",
    "xShmLock",
    "xShmBarrier",
    "xShmUnmap",
    "xFetch",
    "xUnfetch",
]
_VFS = [
    "pNext",
    "zName",
    "pAppData",
    "xOpen",
    "xDelete",
    "xAccess",
    "xFullPathname",
    "xDlOpen",
    "xDlError",
    "xDlSym",
    "xDlClose",
    "xRandomness",
    "xSleep",
    "xCurrentTime",
    "xGetLastError",
    "xCurrentTimeInt64",
    "xSetSystemCall",
    "xGetSystemCall",
    "xNextSystemCall",
]
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_Open = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_void_p,
)


class _Methods(ctypes.Structure):
    _fields_ = [_FIRST, *((name, ctypes.c_void_p) for name in _METHODS)]


class _Vfs(ctypes.Structure):
    _fields_ = [
        _FIRST,
        ("szOsFile", ctypes.c_int),
        ("mxPathname", ctypes.c_int),
        *((name, ctypes.c_void_p) for name in _VFS),
    ]


class Disk:
    """The disk below the databases in `folder`; `survivors` is what it keeps."""

    def __init__(self, folder: Path, survivors: Path) -> None:
        self.folder = folder
        self.survivors = survivors
        self.syncs: Counter[str] = Counter()
        self.honest = True  # False: a disk that says "synced" and is not
        self._lock = threading.Lock()
        self._paths: dict[int, str] = {}
        self._tables: dict[int, tuple[_Methods, Any]] = {}
        self._kept: list[Any] = []
        survivors.mkdir()
        for each in folder.iterdir():
            self._keep(str(each))

    def after_power_cut(self, name: str, copy: Path) -> Path:
        """A copy of the database as one finds it when the power is back."""
        with self._lock:
            shutil.copytree(self.survivors, copy)
        return copy / name

    @contextmanager
    def below_sqlite(self) -> Iterator[bool]:
        """Every connection that is opened meanwhile stands on this disk.

        False where that cannot be: a Python whose SQLite is not the system's.
        """
        lib = _library()
        if lib is None:
            yield False
            return
        real = lib.sqlite3_vfs_find(None)
        made = _Vfs()
        ctypes.memmove(ctypes.byref(made), real, ctypes.sizeof(_Vfs))
        name = ctypes.create_string_buffer(b"power-cut")
        made.zName = ctypes.addressof(name)
        opened = _Open(self._open_of(real))
        made.xOpen = ctypes.cast(opened, ctypes.c_void_p).value
        self._kept += [made, name, opened]  # connections may outlive the block
        assert lib.sqlite3_vfs_register(ctypes.byref(made), 1) == 0
        try:
            yield _is_used()
        finally:
            lib.sqlite3_vfs_unregister(ctypes.byref(made))

    def _open_of(self, real: Any) -> Any:
        really = _Open(real.contents.xOpen)

        def opened(_vfs: int, name: bytes, file: int, flags: int, out: int) -> int:
            code = really(ctypes.addressof(real.contents), name, file, flags, out)
            place = ctypes.cast(file, ctypes.POINTER(ctypes.c_void_p))
            if code == 0 and name and place[0]:
                with self._lock:
                    self._paths[file] = name.decode()
                    place[0] = ctypes.addressof(self._table(place[0])[0])
            return code

        return opened

    def _table(self, real: int) -> tuple[_Methods, Any]:
        if real not in self._tables:
            made = _Methods()
            ctypes.memmove(ctypes.byref(made), real, ctypes.sizeof(_Methods))
            really = _Sync(made.xSync)

            def synced(file: int, flags: int) -> int:
                code = int(really(file, flags))
                with self._lock:
                    path = self._paths[file]
                    self.syncs[Path(path).name] += 1
                    if code == 0 and self.honest:
                        self._keep(path)
                return code

            callback = _Sync(synced)
            made.xSync = ctypes.cast(callback, ctypes.c_void_p).value
            self._tables[real] = (made, callback)
        return self._tables[real]

    def _keep(self, path: str) -> None:
        file = Path(path)
        if file.parent == self.folder and not file.name.endswith("-shm"):
            shutil.copyfile(file, self.survivors / file.name)


def _library() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("sqlite3")
    if name is None:
        return None
    lib = ctypes.CDLL(name)
    lib.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    lib.sqlite3_libversion.restype = ctypes.c_char_p
    same = lib.sqlite3_libversion().decode() == sqlite3.sqlite_version
    return lib if same else None


def _is_used() -> bool:
    """Whether Python's own module looks up the file systems registered there."""
    try:
        sqlite3.connect("file:x?vfs=power-cut&mode=memory", uri=True).close()
    except sqlite3.OperationalError:
        return False
    return True
