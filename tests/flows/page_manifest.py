"""A manifest of a small web service, as a team might write it."""

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: page
spec:
  replicas: 1
  selector:
    matchLabels: {app: page}
  strategy:
    rollingUpdate: {maxUnavailable: 0}
  template:
    metadata:
      labels: {app: page}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: service
          image: page:released
          command: [python, app.py]
          env:
            - {name: MODEL_VERSION, value: "0"}
            - {name: GREETING, value: hello}
          ports:
            - {containerPort: 8080, protocol: TCP}
          readinessProbe:
            httpGet: {path: /ready, port: 8080}
            periodSeconds: 1
---
apiVersion: v1
kind: Service
metadata:
  name: page
spec:
  selector: {app: page}
  ports:
    - {port: 80, targetPort: 8080, protocol: TCP}
"""
