# Finds libtorch and imports the parts that directclr links to.
#
# The wheel's own CMake package demands the CUDA compiler; this module asks for nothing but the libraries themselves.
#   DIRECTCLR_TORCH   directory that holds include/ and lib/ (a `torch` folder of a wheel, or a libtorch archive), 2.11
#                     or later; default: what tools/setup put into .deps/
# Gives the target Libtorch::Libtorch and the variables Libtorch_VERSION, Libtorch_CUDA and Libtorch_NCCL (the folders of
# the headers that NCCL's part of libtorch needs; empty: none).
set(DIRECTCLR_TORCH "${CMAKE_CURRENT_LIST_DIR}/../.deps/libtorch/torch" CACHE PATH "libtorch directory")
get_filename_component(_torch "${DIRECTCLR_TORCH}" REALPATH)

# Newer versions moved the header.
foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(NOT Libtorch_VERSION AND EXISTS "${_torch}/include/${_header}")
    set(_numbers "")
    foreach(_part MAJOR MINOR PATCH)
      file(STRINGS "${_torch}/include/${_header}" _line REGEX "define TORCH_VERSION_${_part} [0-9]+")
      string(REGEX MATCH "[0-9]+" _number "${_line}")
      list(APPEND _numbers ${_number})
    endforeach()
    list(JOIN _numbers "." Libtorch_VERSION)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libtorch REQUIRED_VARS Libtorch_VERSION
  REASON_FAILURE_MESSAGE "no libtorch at ${_torch} - run tools/setup, or pass -DDIRECTCLR_TORCH=DIR")
if(Libtorch_VERSION VERSION_LESS 2.11)
  message(FATAL_ERROR "libtorch ${Libtorch_VERSION} at ${_torch} is too old: 2.11 or later is needed")
endif()

function(_libtorch_import name)
  add_library(Libtorch::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(Libtorch::${name} PROPERTIES IMPORTED_LOCATION "${_torch}/lib/lib${name}.so")
endfunction()

if(NOT TARGET Libtorch::Libtorch)
  _libtorch_import(c10)
  _libtorch_import(torch_cpu)
  add_library(Libtorch::Libtorch INTERFACE IMPORTED GLOBAL)
  target_include_directories(Libtorch::Libtorch SYSTEM INTERFACE
    "${_torch}/include" "${_torch}/include/torch/csrc/api/include")
  target_link_libraries(Libtorch::Libtorch INTERFACE Libtorch::torch_cpu Libtorch::c10)
  # What libtorch_cpu.so itself needs lies beside it in the wheel's layout.
  file(GLOB _nvidia LIST_DIRECTORIES true "${_torch}/../nvidia/*/lib")
  foreach(_dir ${_nvidia})
    target_link_options(Libtorch::Libtorch INTERFACE "LINKER:-rpath-link,${_dir}")
  endforeach()
  # at::parallel_for is compiled into what uses it, and a plain loop without -fopenmp. With a second OpenMP runtime beside
  # libtorch's own the number of threads that is set in the one would not hold in the other. So Clang, whose -fopenmp calls
  # another, runs these loops on one thread. (Nor does the thread sanitizer know how OpenMP's threads wait for each other.)
  if(NOT DIRECTCLR_SANITIZE MATCHES thread)
    target_compile_options(Libtorch::Libtorch INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fopenmp>)
  endif()
  file(GLOB _gomp "${_torch}/lib/libgomp*.so*")
  if(_gomp)
    list(GET _gomp 0 _gomp)
    add_library(Libtorch::gomp SHARED IMPORTED GLOBAL)
    set_target_properties(Libtorch::gomp PROPERTIES IMPORTED_LOCATION "${_gomp}")
    target_link_libraries(Libtorch::Libtorch INTERFACE Libtorch::gomp)
  else()
    find_package(OpenMP REQUIRED)
    target_link_libraries(Libtorch::Libtorch INTERFACE OpenMP::OpenMP_CXX)
  endif()
  # CUDA kernels register themselves when the library is loaded: nothing refers to it by name, so the linker must be
  # told to keep it. It is usable only where the libraries it depends on were installed too (tools/setup --cuda).
  set(Libtorch_CUDA OFF)
  if(EXISTS "${_torch}/lib/libtorch_cuda.so" AND (EXISTS "${_torch}/../nvidia/cudnn/lib" OR NOT _nvidia))
    set(Libtorch_CUDA ON)
    _libtorch_import(c10_cuda)
    _libtorch_import(torch_cuda)
    find_path(Libtorch_NCCL_HEADER nccl.h HINTS "${_torch}/../nvidia/nccl/include")
    find_path(Libtorch_CUDA_HEADER cuda_runtime_api.h HINTS "${_torch}/../nvidia/cu13/include"
      "${_torch}/../nvidia/cuda_runtime/include" /usr/local/cuda/include)
    if(Libtorch_NCCL_HEADER AND Libtorch_CUDA_HEADER)
      set(Libtorch_NCCL "${Libtorch_NCCL_HEADER}" "${Libtorch_CUDA_HEADER}")
    endif()
    target_link_libraries(Libtorch::Libtorch INTERFACE
      "-Wl,--no-as-needed" Libtorch::torch_cuda Libtorch::c10_cuda "-Wl,--as-needed")
  endif()
endif()
