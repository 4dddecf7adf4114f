{{/* What API and worker have in common. Called with (dict "root" $ "component" "api" "own" .Values.api). */}}
{{- define "karla.pod" -}}
metadata:
  labels:
    {{- include "karla.labels" . | nindent 4 }}
  annotations:
    # A change of these starts the pods anew.
    checksum/settings: {{ include (print .root.Template.BasePath "/configmap.yaml") .root | sha256sum }}
    {{- if not .root.Values.existingSecret }}
    checksum/secret: {{ include "karla.secretData" .root | sha256sum }}
    {{- end }}
    {{- with .own.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "karla.serviceAccount" .root }}
  automountServiceAccountToken: false
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "karla.podSecurity" .root | nindent 4 }}
  terminationGracePeriodSeconds: 45
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "karla.selector" . | nindent 10 }}
  {{- with .own.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .own.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .own.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      {{- include "karla.container" . | nindent 6 }}
  volumes:
    - name: data
      emptyDir: {}
    - name: tmp
      emptyDir: {}
    {{- if and (eq .component "api") (not .root.Values.objectStore.url) }}
    - name: objects
      persistentVolumeClaim:
        claimName: {{ .root.Values.persistence.existingClaim | default (printf "%s-objects" (include "karla.name" .root)) }}
    {{- end }}
{{- end -}}

{{- define "karla.container" -}}
image: {{ include "karla.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: [{{ .verb }}]
securityContext:
  {{- include "karla.containerSecurity" .root | nindent 2 }}
envFrom:
  - configMapRef:
      name: {{ include "karla.name" .root }}
  - secretRef:
      name: {{ include "karla.secret" .root }}
{{- if or .env .root.Values.extraEnv }}
env:
  {{- with .env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .root.Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
ports:
  - name: http
    containerPort: {{ .port }}
# Never restarted because the database is away: it waits for it, and /readyz says so.
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 2
  failureThreshold: 30
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 4
  failureThreshold: 2
# Balancers hear of the end a moment later than the process does.
lifecycle:
  preStop:
    exec:
      command: [sleep, "5"]
resources:
  {{- toYaml .own.resources | nindent 2 }}
volumeMounts:
  - name: data
    mountPath: /var/lib/karla
  - name: tmp
    mountPath: /tmp
  {{- if and (eq .component "api") (not .root.Values.objectStore.url) }}
  - name: objects
    mountPath: /var/lib/karla/objects
  {{- end }}
{{- end -}}
