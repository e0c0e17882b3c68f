"""Stores that the tests talk to over loopback: moto's S3 and an emulator of Google Storage."""
from contextlib import contextmanager
from functools import partial
from http.server import HTTPServer
from threading import Thread

import pytest

BUCKET = 'robots'
WHO = {'AWS_ACCESS_KEY_ID': 'tester', 'AWS_SECRET_ACCESS_KEY': 'secret',
       'AWS_DEFAULT_REGION': 'us-east-1', 'AWS_EC2_METADATA_DISABLED': 'true'}


@contextmanager
def s3():
    """Give a file system on an empty bucket; this process and its children find it by AWS_*."""
    server_module = pytest.importorskip('moto.server')
    s3fs = pytest.importorskip('s3fs')
    server = server_module.ThreadedMotoServer('127.0.0.1', 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**WHO, 'AWS_ENDPOINT_URL': f'http://{host}:{port}',
                            'NO_PROXY': '127.0.0.1', 'no_proxy': '127.0.0.1'}.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        try:
            found = s3fs.S3FileSystem()
            found.mkdir(BUCKET)
            yield found
        finally:
            s3fs.S3FileSystem.clear_instance_cache()
            server.stop()


@contextmanager
def gs():
    """Give a file system on an empty bucket, likewise, of gcp-storage-emulator."""
    emulator = pytest.importorskip('gcp_storage_emulator.server')
    storage = pytest.importorskip('gcp_storage_emulator.storage')
    with pytest.MonkeyPatch.context() as patch:
        # Nobody asks Google who we are, or over gRPC what kind of bucket it is.
        patch.setenv('NO_GCE_CHECK', 'true')
        patch.setenv('GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT', 'false')
        gcsfs = pytest.importorskip('gcsfs')
        server = HTTPServer(('127.0.0.1', 0), partial(
            emulator.RequestHandler, storage.Storage(use_memory_fs=True)))
        Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True).start()
        patch.setenv('STORAGE_EMULATOR_HOST', f'http://127.0.0.1:{server.server_port}')
        patch.setenv('NO_PROXY', '127.0.0.1')
        gcsfs.GCSFileSystem.clear_instance_cache()
        try:
            found = gcsfs.GCSFileSystem()
            found.mkdir(BUCKET)
            yield found
        finally:
            gcsfs.GCSFileSystem.clear_instance_cache()
            server.shutdown()
            server.server_close()


STORES = {'s3': s3, 'gs': gs}
