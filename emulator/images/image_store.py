"""All images of one emulator, by registry, repository and digest; what is in it survives a restart."""

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from emulator.images.build_order import Built
from emulator.images.image import Image
from emulator.images.image_config import ImageConfig
from emulator.images.image_reference import ImageReference
from emulator.images.python_base import BASE, python_of
from emulator.images.repository import Attributes, Manifest, Repository, Tag, now
from emulator.images.tree_paths import located


class LockedError(Exception):
    """The registry, repository, manifest or tag may not be written, or not be deleted."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The operation is disallowed on this registry, repository or image: {what} is locked.")


class ImageStore:
    """Thread-safe. root: its folder; trees are under it, and those that no image has go at the next start."""

    def __init__(self, root: Path) -> None:
        self._file = root / "repositories.json"
        self.trees = root / "trees"
        self.workshop = root / "builds"
        """Contexts of builds that run."""
        for folder in (self.trees, self.workshop):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        listed = json.loads(self._file.read_text()) if self._file.exists() else []
        self._all = {one.name: one for one in map(Repository.parse, listed)}

    def find(self, reference: str) -> Image | None:
        """The image of a reference with tag or digest, as it can be run; None when there is none, or it may not be read."""
        found = self.find_with_config(reference)
        return found and found[0]

    def find_with_config(self, reference: str) -> tuple[Image, ImageConfig] | None:
        """The same, with its config as its Dockerfile wrote it."""
        try:
            wanted = ImageReference.parse(reference)
        except ValueError:
            return None
        with self._lock:
            repository = self._all.get(wanted.name)
            manifest = repository and repository.manifest(wanted.version)
        if not repository or not manifest or not repository.may_be_read(manifest, wanted.version):
            return None
        config = ImageConfig.parse(json.loads(manifest.config))
        return self._image(wanted.name, manifest, config), config

    def _image(self, name: str, manifest: Manifest, config: ImageConfig) -> Image:
        ports = tuple(int(port.partition("/")[0]) for port in config.ports if port.endswith("/tcp"))
        root = self.trees / manifest.tree if manifest.runtime == "process" else None
        env, entrypoint, command = config.env, config.entrypoint, config.command
        if root is not None:
            env = {name: located(root, value) for name, value in env.items()}
            entrypoint, command = (tuple(located(root, part) for part in parts) for parts in (entrypoint, command))
        return Image(
            reference=name,
            digest=manifest.digest,
            runtime=manifest.runtime,
            root=root,
            python=python_of(root) if root is not None else None,
            workdir=config.workdir,
            env=env,
            entrypoint=entrypoint,
            command=command,
            ports=ports,
            labels=config.labels,
        )

    def push(self, built: Built, names: list[ImageReference]) -> str:
        """Keep a built image under all these tags, or, with LockedError, under none. Its digest."""
        digest = built.documents.digest
        with self._lock:
            self.check(names)
            tree = built.root.name if built.root is not None else ""
            kept = self._tree_of(digest)
            if kept and tree:
                shutil.rmtree(self.trees / tree, ignore_errors=True)
                tree = kept
            texts = built.documents
            for name in names:
                moment = now()  # each its own: lists are ordered by it
                made = Manifest(digest, texts.manifest, texts.config, texts.size, built.runtime, tree, moment, moment)
                self._tag(name, made)
            self._write()
        return digest

    def copy(self, source: ImageReference, names: list[ImageReference]) -> None:
        """Put an image that is here under other names, too, or, with LockedError, under none."""
        with self._lock:
            self.check(names)
            manifest = self._all[source.name].manifest(source.version)
            if manifest is None:
                raise KeyError(source.version)
            for name in names:
                moment = now()
                self._tag(name, replace(manifest, created=moment, updated=moment, attributes=Attributes()))
            self._write()

    def _tag(self, name: ImageReference, manifest: Manifest) -> None:
        moment = manifest.updated
        repository = self._all.setdefault(name.name, Repository(name.name, moment, moment))
        repository.updated = moment
        repository.manifests.setdefault(manifest.digest, manifest)
        tag = repository.tags.setdefault(name.version, Tag(name.version, manifest.digest, moment, moment))
        tag.digest, tag.updated = manifest.digest, moment

    def check(self, names: list[ImageReference]) -> None:
        """LockedError when one of them may not be written."""
        with self._lock:
            for name in names:
                self._check_tag(name)

    def _check_tag(self, name: ImageReference) -> None:
        repository = self._all.get(name.name)
        if repository is None:
            return
        _check_write(repository)
        tag = repository.tags.get(name.version)
        if tag is not None and not tag.attributes.write:
            raise LockedError(f"the tag {name.name}:{name.version}")

    def _tree_of(self, digest: str) -> str:
        found = (one.manifests[digest].tree for one in self._all.values() if digest in one.manifests)
        return next(found, "")

    def repositories(self, registry: str) -> list[Repository]:
        """Those of a registry (`NAME.azurecr.io`), by name."""
        with self._lock:
            return sorted((one for one in self._all.values() if one.registry == registry), key=lambda one: one.name)

    def repository(self, name: str) -> Repository | None:
        """By name, with its registry."""
        with self._lock:
            return self._all.get(name)

    def change(self, change: Callable[[], None]) -> None:
        """Do something to repositories, tags or manifests that this store gave out, and keep it."""
        with self._lock:
            change()
            self._write()

    def delete_tag(self, repository: Repository, tag: Tag) -> None:
        """Its manifest stays. LockedError when it may not be deleted, or its repository may not be written."""
        with self._lock:
            _check_write(repository)
            _check_delete(tag, f"the tag {repository.name}:{tag.name}")
            del repository.tags[tag.name]
            self._write()

    def delete_manifest(self, repository: Repository, manifest: Manifest) -> None:
        """With its tags. LockedError when it, or one of them, may not be deleted, or its repository may not be written."""
        with self._lock:
            _check_write(repository)
            _check_delete(manifest, f"{repository.name}@{manifest.digest}")
            tags = repository.tags_of(manifest.digest)
            for name in tags:
                _check_delete(repository.tags[name], f"the tag {repository.name}:{name}")
            for name in tags:
                del repository.tags[name]
            del repository.manifests[manifest.digest]
            self._write()

    def delete_repository(self, repository: Repository) -> None:
        """With all in it. LockedError when something in it may not be deleted."""
        with self._lock:
            parts: list[Repository | Manifest | Tag] = [
                repository, *repository.manifests.values(), *repository.tags.values()
            ]  # fmt: skip
            for one in parts:
                _check_delete(one, f"something in {repository.name}")
            self._forget([repository])

    def delete_registry(self, registry: str) -> None:
        """All its repositories, whatever is locked: the registry itself is deleted."""
        with self._lock:
            self._forget(self.repositories(registry))

    def reset(self) -> None:
        """Forget every image; this machine's Python stays prepared."""
        with self._lock:
            self._forget(list(self._all.values()))
            self.sweep()

    def sweep(self) -> None:
        """Remove trees that no image has, and left-over contexts. Not while anything is built, or runs: that may be of one."""
        used = {manifest.tree for one in self._all.values() for manifest in one.manifests.values()}
        base = self.trees / BASE
        if base.is_symlink():
            used |= {BASE, str(base.readlink())}
        for tree in self.trees.iterdir():
            if tree.name not in used:
                shutil.rmtree(tree, ignore_errors=True)
        for context in self.workshop.iterdir():
            shutil.rmtree(context, ignore_errors=True)

    def _forget(self, repositories: list[Repository]) -> None:
        for one in repositories:
            del self._all[one.name]
        self._write()

    def _write(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps([asdict(one) for one in self._all.values()]))
        draft.replace(self._file)


def _check_write(repository: Repository) -> None:
    if not repository.attributes.write:
        raise LockedError(f"the repository {repository.name}")


def _check_delete(one: Repository | Manifest | Tag, what: str) -> None:
    if not one.attributes.delete or not one.attributes.write:
        raise LockedError(what)
