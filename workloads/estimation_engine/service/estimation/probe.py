"""`python -m estimation.probe`: exit code 0 when the service in this container is ready; what the image's HEALTHCHECK runs."""

import http.client
import os
import sys


def main() -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8080")), timeout=2)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        sys.stdout.write(answer.read(2000).decode() + "\n")
    except (OSError, http.client.HTTPException) as problem:
        sys.stdout.write(f"no answer: {problem}\n")
        return 1
    finally:
        connection.close()
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
