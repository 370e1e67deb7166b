from exchanges import make_exchange

LINES = (
    b'{"custom_id": "a", "response": {"status_code": 200, "body": {}}, "error": null}\n'
    b'{"custom_id": "b", "response": {"status_code": 400, "body": {}}, "error": null}\n'
)

SAMPLES = [
    (
        "an upload",
        make_exchange(
            b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b--\r\n',
            b'{"id": "file-1", "object": "file", "bytes": 3, "status": "processed"}',
            path="/v1/files",
            request_headers=((b"Content-Type", b"multipart/form-data; boundary=b"),),
        ),
    ),
    (
        "the output of a batch",
        make_exchange(
            b"",
            LINES,
            method="GET",
            path="/v1/files/file-1/content",
            headers=((b"content-type", b"application/octet-stream"),),
        ),
    ),
    ("a part", make_exchange(b"", b'{"id": "part_1", "object": "upload.part"}', path="/v1/uploads/upload_1/parts")),
]
