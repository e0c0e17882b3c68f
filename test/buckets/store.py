"""An S3 that the tests talk to over loopback: moto's server."""
from contextlib import contextmanager

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


